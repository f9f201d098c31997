/** `messages` of a chat request: every role, its content as a string or as parts. */
import { z } from 'zod'
import { encodeCustomInput } from './custom-tools.ts'
import { shown, type FunctionCall, type Message, type Part } from '../../core/index.ts'

const STRING_OR_PARTS = 'a string or an array of parts is expected'

const part = z.looseObject({ type: z.string('the type of the part is expected') })
const textPart = z.looseObject({ type: z.literal('text'), text: z.string('a string is expected') })
const picturePart = z.looseObject({
  type: z.literal('image_url'),
  image_url: z.union(
    [z.string(), z.looseObject({ url: z.string('a URL is expected') })],
    'an object with `url` is expected',
  ),
})

const filePart = z.looseObject({
  type: z.literal('file'),
  file: z.looseObject({ file_data: z.string().min(1), filename: z.string().nullish() }),
})

const FILE_EXPECTED = 'an object `file` with a string `file_data` is expected'

/** Parts that cannot be taken, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  input_audio: 'audio cannot be taken; send what was said as text',
  input_file: 'parts of this type cannot be taken; send `{"type": "file", "file": {"file_data": …}}`',
}

/** Why a file cannot be taken: it is only named, by an id or an address, or it is not there. */
function fileProblem({ file }: z.infer<typeof part>): string {
  const fields = Object(file) as Readonly<Record<string, unknown>>
  for (const name of ['file_id', 'file_url']) {
    if (fields[name] != null) return `\`${name}\` cannot be taken; send the file itself as \`file_data\``
  }
  return FILE_EXPECTED
}

const CALL_TYPES = 'calls of type `function` or `custom` are expected'

const content = z.union([z.string(), z.array(part)], STRING_OR_PARTS)
type Content = z.infer<typeof content>

const callId = z.string('a string is expected').min(1, 'an id must not be empty')

const functionCall = z.looseObject({
  id: callId,
  type: z.literal('function', CALL_TYPES).nullish(),
  function: z.looseObject(
    {
      name: z.string('a string is expected').min(1, 'a function must be named'),
      arguments: z.string('JSON text is expected'),
    },
    'an object with `name` and `arguments` is expected',
  ),
})

const customCall = z.looseObject({
  id: callId,
  type: z.literal('custom', CALL_TYPES),
  custom: z.looseObject(
    {
      name: z.string('a string is expected').min(1, 'a tool must be named'),
      input: z.string('a string is expected'),
    },
    'an object with `name` and `input` is expected',
  ),
})

const call = z.discriminatedUnion('type', [functionCall, customCall], CALL_TYPES)

const oldCall = z.looseObject({
  name: z.string('a string is expected').min(1, 'a function must be named'),
  arguments: z.string('JSON text is expected'),
})

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const

const message = z.looseObject({
  role: z.enum(ROLES, `one of ${ROLES.join(', ')} is expected`),
  content: content.nullish(),
  name: z.string('a string is expected').nullish(),
  tool_calls: z.array(call, 'an array of calls is expected').nullish(),
  tool_call_id: z.string('a string is expected').nullish(),
  function_call: oldCall.nullish(),
})

interface Fault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** A text, a picture or a file, or why it is none; a refusal of the model says nothing. */
function toPart(given: z.infer<typeof part>, place: string): Part | Omit<Fault, 'path'> | undefined {
  if (given.type === 'refusal') return undefined
  const text = textPart.safeParse(given)
  if (text.success) return { type: 'text', text: text.data.text }
  const picture = picturePart.safeParse(given)
  if (picture.success) {
    const { image_url: image } = picture.data
    return typeof image === 'string'
      ? { type: 'linked-picture', url: image, place: `${place}.image_url` }
      : { type: 'linked-picture', url: image.url, place: `${place}.image_url.url` }
  }
  const file = filePart.safeParse(given)
  if (file.success) {
    const { file_data: data, filename } = file.data.file
    return { type: 'file', data, name: filename || undefined, place: `${place}.file.file_data` }
  }
  if (given.type === 'file') return { message: fileProblem(given) }
  if (given.type === 'text') return { message: 'a text part has a string in `text`' }
  if (given.type === 'image_url') return { message: '`image_url` with a `url` is expected' }
  const why = Object.hasOwn(REFUSED, given.type) ? REFUSED[given.type] : undefined
  return { message: why ?? `parts of type \`${shown(given.type)}\` cannot be taken; send text` }
}

interface Said {
  readonly text: string
  /** Where it is more than text. */
  readonly parts?: readonly Part[]
}

/** What is said, and what of it cannot be taken. */
function readContent(
  given: Content | null | undefined,
  { at, role }: { readonly at: number; readonly role: (typeof ROLES)[number] },
): { readonly said: Said; readonly faults: readonly Fault[] } {
  if (given == null || typeof given === 'string') return { said: { text: given ?? '' }, faults: [] }
  const pictures = role === 'user' || role === 'tool' || role === 'function'
  const parts: Part[] = []
  const faults: Fault[] = []
  for (const [index, one] of given.entries()) {
    const read = toPart(one, `messages[${at}].content[${index}]`)
    if (read === undefined) continue
    if ('message' in read) faults.push({ path: ['content', index], message: read.message })
    else if (read.type === 'file' && role !== 'user')
      faults.push({ path: ['content', index], message: 'files can only be sent by the user' })
    else if (read.type !== 'text' && !pictures)
      faults.push({ path: ['content', index], message: 'pictures can only be sent by the user, or as a result' })
    else parts.push(read)
  }
  const text = parts.map((one) => (one.type === 'text' ? one.text : '')).join('')
  return { said: parts.every(({ type }) => type === 'text') ? { text } : { text, parts }, faults }
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

function readMessage(
  given: z.infer<typeof message>,
  at: number,
): { readonly message: Message; readonly faults: readonly Fault[] } {
  const { role, name } = given
  const isResult = role === 'tool' || role === 'function'
  const { said, faults } = readContent(given.content, { at, role })
  const missing = given.content == null && !isResult && role !== 'assistant'
  const all: readonly Fault[] = missing ? [{ path: ['content'], message: STRING_OR_PARTS }, ...faults] : faults
  if (isResult) {
    const id = role === 'tool' ? given.tool_call_id : name ? oldId(name) : undefined
    const field = role === 'tool' ? 'tool_call_id' : 'name'
    const unnamed = { path: [field], message: 'a result says which call it is of; a string is expected' }
    return { message: { role: 'tool', callId: id ?? '', ...said }, faults: id ? all : [unnamed, ...all] }
  }
  if (role === 'assistant') {
    const calls = callsOf(given)
    return { message: { role, text: said.text, ...(calls.length === 0 ? {} : { calls }) }, faults: all }
  }
  if (role !== 'user') return { message: { role, text: said.text }, faults: all }
  return { message: { role, ...(name ? named(name, said) : said) }, faults: all }
}

/** The model API knows no names: who of several speaks is told at the head of what is said. */
const named = (name: string, { text, parts }: Said): Said => {
  const head = `${name}: `
  return {
    text: head + text,
    ...(parts === undefined ? {} : { parts: [{ type: 'text' as const, text: head }, ...parts] }),
  }
}

export const messages = z
  .array(message, 'an array of messages is expected')
  .min(1, 'at least one message is expected')
  .transform((list, context): readonly Message[] =>
    list.map((given, at) => {
      const read = readMessage(given, at)
      for (const { path, message: problem } of read.faults)
        context.addIssue({ code: 'custom', path: [at, ...path], message: problem })
      return read.message
    }),
  )
