/** `messages` of a chat request: every role, its content as a string or as parts. */
import { z } from 'zod'
import { encodeCustomInput } from './custom-tools.ts'
import { overLimit, REQUEST_LIMITS, shown, type FunctionCall, type Message, type Part } from '../../core/index.ts'
import { isDataUrl } from '../../lib/index.ts'
import { boundedList } from '../bounded-list.ts'

const STRING_OR_PARTS = 'a string or an array of parts is expected'

type Given = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Given =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const filePart = z.object({
  file: z.object({ file_data: z.string().min(1), filename: z.string().nullish() }),
})

const FILE_EXPECTED = 'an object `file` with a string `file_data` is expected'

/** Parts that cannot be taken, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  input_audio: 'audio cannot be taken; send what was said as text',
  input_file: 'parts of this type cannot be taken; send `{"type": "file", "file": {"file_data": …}}`',
}

/** Why a file cannot be taken: it is only named, by an id or an address, or it is not there. */
function fileProblem({ file }: Given): string {
  const fields = Object(file) as Given
  for (const name of ['file_id', 'file_url']) {
    if (fields[name] != null) return `\`${name}\` cannot be taken; send the file itself as \`file_data\``
  }
  return FILE_EXPECTED
}

const CALL_TYPES = 'calls of type `function` or `custom` are expected'

const callId = z.string('a string is expected').min(1, 'an id must not be empty')

const functionCall = z.object({
  id: callId,
  type: z.literal('function', CALL_TYPES).nullish(),
  function: z.object(
    {
      name: z.string('a string is expected').min(1, 'a function must be named'),
      arguments: z.string('JSON text is expected'),
    },
    'an object with `name` and `arguments` is expected',
  ),
})

const customCall = z.object({
  id: callId,
  type: z.literal('custom', CALL_TYPES),
  custom: z.object(
    {
      name: z.string('a string is expected').min(1, 'a tool must be named'),
      input: z.string('a string is expected'),
    },
    'an object with `name` and `input` is expected',
  ),
})

const call = z.discriminatedUnion('type', [functionCall, customCall], CALL_TYPES)

const oldCall = z.object({
  name: z.string('a string is expected').min(1, 'a function must be named'),
  arguments: z.string('JSON text is expected'),
})

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const

const message = z.object({
  role: z.enum(ROLES, `one of ${ROLES.join(', ')} is expected`),
  content: z.unknown().optional(),
  name: z.string('a string is expected').nullish(),
  tool_calls: boundedList(call, { limit: 'calls', expected: 'an array of calls is expected' }).nullish(),
  tool_call_id: z.string('a string is expected').nullish(),
  function_call: oldCall.nullish(),
})

interface Fault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** An address that a server is asked by is short; what carries the image in itself is limited by the image's size. */
const toImage = (url: string, place: string): Part | Omit<Fault, 'path'> =>
  isDataUrl(url) || url.length <= REQUEST_LIMITS.addressCharacters.most
    ? { type: 'linked-picture', url, place }
    : { message: `\`image_url\`: ${overLimit('addressCharacters', url.length)}` }

/** A text, an image or a file, or why it is none; a refusal of the model says nothing. */
function toPart(type: string, given: Given, place: string): Part | Omit<Fault, 'path'> | undefined {
  switch (type) {
    case 'refusal':
      return undefined
    case 'text': {
      const { text } = given
      return typeof text === 'string' ? { type: 'text', text } : { message: 'a text part has a string in `text`' }
    }
    case 'image_url': {
      const { image_url: image } = given
      if (typeof image === 'string') return toImage(image, `${place}.image_url`)
      return isObject(image) && typeof image['url'] === 'string'
        ? toImage(image['url'], `${place}.image_url.url`)
        : { message: '`image_url` with a `url` is expected' }
    }
    case 'file': {
      const read = filePart.safeParse(given)
      if (!read.success) return { message: fileProblem(given) }
      const { file_data: data, filename } = read.data.file
      return { type: 'file', data, name: filename || undefined, place: `${place}.file.file_data` }
    }
    default: {
      const why = Object.hasOwn(REFUSED, type) ? REFUSED[type] : undefined
      return { message: why ?? `parts of type \`${shown(type)}\` cannot be taken; send text` }
    }
  }
}

interface Said {
  readonly text: string
  /** Where it is more than text. */
  readonly parts?: readonly Part[]
}

interface Read<T> {
  readonly value: T
  /** The first, where there is one. */
  readonly fault?: Fault
}

/** What is said, up to what of it cannot be taken. */
function readContent(
  given: unknown,
  { at, role }: { readonly at: number; readonly role: (typeof ROLES)[number] },
): Read<Said> {
  const nothing: Said = { text: '' }
  if (given == null) return { value: nothing }
  if (typeof given === 'string') return { value: { text: given } }
  if (!Array.isArray(given)) return { value: nothing, fault: { path: ['content'], message: STRING_OR_PARTS } }
  const mayHaveImages = role === 'user' || role === 'tool' || role === 'function'
  const parts: Part[] = []
  const faultAt = (index: number, message: string, ...rest: string[]): Read<Said> => ({
    value: nothing,
    fault: { path: ['content', index, ...rest], message },
  })
  for (const [index, one] of (given as readonly unknown[]).entries()) {
    if (!isObject(one)) return faultAt(index, 'an object is expected')
    const { type } = one
    if (typeof type !== 'string') return faultAt(index, 'the type of the part is expected', 'type')
    const read = toPart(type, one, `messages[${at}].content[${index}]`)
    if (read === undefined) continue
    if ('message' in read) return faultAt(index, read.message)
    if (read.type === 'file' && role !== 'user') return faultAt(index, 'files can only be sent by the user')
    if (read.type !== 'text' && !mayHaveImages)
      return faultAt(index, 'pictures can only be sent by the user, or as a result')
    parts.push(read)
  }
  const text = parts.map((one) => (one.type === 'text' ? one.text : '')).join('')
  return { value: parts.every(({ type }) => type === 'text') ? { text } : { text, parts } }
}

/** The old form of calls has no ids: what came of one is told by the function's name. */
const oldId = (name: string): string => `function_${name}`

const callsOf = ({ tool_calls: calls, function_call: old }: z.infer<typeof message>): readonly FunctionCall[] => [
  ...(calls ?? []).map((made) =>
    made.type === 'custom'
      ? { id: made.id, name: made.custom.name, arguments: encodeCustomInput(made.custom.input) }
      : { id: made.id, name: made.function.name, arguments: made.function.arguments },
  ),
  ...(old == null ? [] : [{ id: oldId(old.name), name: old.name, arguments: old.arguments }]),
]

function readMessage(given: z.infer<typeof message>, at: number): Read<Message> {
  const { role, name } = given
  const isResult = role === 'tool' || role === 'function'
  const { value: said, fault: unread } = readContent(given.content, { at, role })
  const isMissing = given.content == null && !isResult && role !== 'assistant'
  const fault = isMissing ? { path: ['content'], message: STRING_OR_PARTS } : unread
  const read = (value: Message): Read<Message> => ({ value, ...(fault === undefined ? {} : { fault }) })
  if (isResult) {
    const id = role === 'tool' ? given.tool_call_id : name ? oldId(name) : undefined
    const value: Message = { role: 'tool', callId: id ?? '', ...said }
    if (id) return read(value)
    const field = role === 'tool' ? 'tool_call_id' : 'name'
    return { value, fault: { path: [field], message: 'a result says which call it is of; a string is expected' } }
  }
  if (role === 'assistant') {
    const calls = callsOf(given)
    return read({ role, text: said.text, ...(calls.length === 0 ? {} : { calls }) })
  }
  if (role !== 'user') return read({ role, text: said.text })
  return read({ role, ...(name ? named(name, said) : said) })
}

/** The model API knows no names: who of several speaks is told at the head of what is said. */
const named = (name: string, { text, parts }: Said): Said => {
  const head = `${name}: `
  return {
    text: head + text,
    ...(parts === undefined ? {} : { parts: [{ type: 'text' as const, text: head }, ...parts] }),
  }
}

/** What is counted over all messages, as far as it is over its limit. */
function overCount(given: readonly z.infer<typeof message>[], read: readonly Message[]): string | undefined {
  const counts = { parts: 0, calls: 0, images: 0, carriedCharacters: 0 }
  for (const { content } of given) if (Array.isArray(content)) counts.parts += content.length
  for (const one of read) {
    if (one.role === 'assistant') counts.calls += one.calls?.length ?? 0
    if (one.role !== 'user' && one.role !== 'tool') continue
    for (const part of one.parts ?? []) {
      if (part.type === 'file') counts.carriedCharacters += part.data.length
      if (part.type !== 'linked-picture') continue
      counts.images++
      counts.carriedCharacters += part.url.length
    }
  }
  const over = COUNTED.find((name) => counts[name] > REQUEST_LIMITS[name].most)
  return over === undefined ? undefined : overLimit(over, counts[over])
}

const COUNTED = ['parts', 'calls', 'images', 'carriedCharacters'] as const

export const messages = boundedList(message, { limit: 'messages', expected: 'an array of messages is expected' })
  .refine((list) => list.length > 0, 'at least one message is expected')
  .transform((list, context): readonly Message[] => {
    const read: Message[] = []
    for (const [at, given] of list.entries()) {
      const { value, fault } = readMessage(given, at)
      if (fault !== undefined) {
        context.addIssue({ code: 'custom', path: [at, ...fault.path], message: fault.message })
        return z.NEVER
      }
      read.push(value)
    }
    const over = overCount(list, read)
    if (over === undefined) return read
    context.addIssue({ code: 'custom', message: over })
    return z.NEVER
  })
