/** Chat requests with one field that was changed, and whether such a value is refused. */
import { REQUEST_LIMITS } from '../../src/core/index.ts'
import type { Random } from '../soak/random.ts'
import type { Chat } from './chat-body.ts'
import type { Answer, World } from './fuzz-case.ts'
import { depthOf, MAX_DEPTH, oddValue } from './odd-values.ts'
import { badSchema, doubtfulSchema } from './schemas.ts'

/** A chat request of which one thing is wrong, or odd. */
export interface Mutated extends Chat {
  /** The field that is at fault, where one must be. */
  readonly param: string | undefined
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumberUpTo = (most: number) => (value: unknown) => typeof value === 'number' && value >= 0 && value <= most
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 1
const isStop = (value: unknown): boolean =>
  isText(value) && value !== '' && value.length <= REQUEST_LIMITS.stopCharacters.most && value.isWellFormed()
const isListOf =
  (isOne: (value: unknown) => boolean, most = Infinity) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length <= most && value.every(isOne)
const never = (): boolean => false

/** What each field takes besides null; of what is odd here nothing is a message, a tool or a format. */
const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  model: (value) => isText(value) && value !== '',
  messages: never,
  stream: (value) => typeof value === 'boolean',
  stream_options: isObject,
  max_tokens: isCount,
  max_completion_tokens: isCount,
  n: (value) => value === 1,
  stop: (value) => isStop(value) || isListOf(isStop, 4)(value),
  response_format: never,
  tools: isListOf(never),
  tool_choice: never,
  parallel_tool_calls: (value) => typeof value === 'boolean',
  functions: isListOf(never),
  metadata: isObject,
  temperature: isNumberUpTo(2),
  top_p: isNumberUpTo(1),
}

const isPart = (value: unknown): boolean => isObject(value) && (value as { readonly type?: unknown }).type === 'text'

/** The same within a message of the user. */
const MESSAGE_FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  role: never,
  content: (value) => isText(value) || isListOf(isPart)(value),
  name: isText,
  tool_calls: isListOf(never),
  tool_call_id: isText,
  function_call: never,
}
const NOT_NULL = ['messages', 'role', 'content']

const REFUSED: readonly Answer[] = ['invalid_request']

/** What may come of a value that is in order, besides what came of the request before. */
const LOOSE: Readonly<Record<string, readonly Answer[]>> = {
  model: ['model_not_found'],
  tools: REFUSED,
  // There may have been a picture in it.
  content: ['ok'],
  // It may name a conversation.
  metadata: ['superseded'],
}

const isTaken = (name: string, value: unknown, isRight: ((value: unknown) => boolean) | undefined): boolean =>
  value === null ? !NOT_NULL.includes(name) : isRight?.(value) !== false

function outcome(
  chat: Chat,
  body: Chat['body'],
  {
    name,
    value,
    path,
    taken,
  }: { readonly name: string; readonly value: unknown; readonly path: string; readonly taken: boolean },
): Mutated {
  // How deep it is comes first, and names no field.
  if (depthOf(value) > MAX_DEPTH - 5) return { body, may: REFUSED, param: undefined }
  if (!taken) return { body, may: REFUSED, param: path }
  return { body, may: [...chat.may, ...(LOOSE[name] ?? [])], param: undefined }
}

function withOddField(random: Random, world: World, chat: Chat): Mutated {
  const names = Object.keys(FIELDS) as [string, ...string[]]
  const name = random.pick(names)
  const value = oddValue(random, world)
  const body = { ...chat.body, [name]: value }
  return outcome(chat, body, { name, value, path: name, taken: isTaken(name, value, FIELDS[name]) })
}

function withOddMessage(random: Random, world: World, chat: Chat): Mutated {
  const list = chat.body['messages'] as readonly object[]
  const at = list.length - 1
  const name = random.pick(Object.keys(MESSAGE_FIELDS) as [string, ...string[]])
  const value = oddValue(random, world)
  const last = { ...list[at], [name]: value }
  const body = { ...chat.body, messages: [...list.slice(0, at), last] }
  const taken = isTaken(name, value, MESSAGE_FIELDS[name])
  return outcome(chat, body, { name, value, path: `messages[${at}].${name}`, taken })
}

const PARTS: readonly [unknown, ...unknown[]] = [
  { type: 'input_audio', input_audio: { data: '', format: 'wav' } },
  { type: 'file', file: { file_id: 'x' } },
  { type: 'video_url', video_url: { url: 'x' } },
  { type: '__proto__' },
  { type: '' },
  { type: 'text' },
  { type: 'text', text: 5 },
  { type: 'text', text: null },
  { type: 'image_url' },
  { type: 'image_url', image_url: null },
  { type: 'image_url', image_url: { url: 5 } },
  { type: 'image_url', image_url: { url: 'x', detail: 'hifi' } },
  {},
  null,
  'text',
  [],
]

function withOddPart(random: Random, chat: Chat): Mutated {
  const list = chat.body['messages'] as readonly object[]
  const before = [{ type: 'text', text: 'a' }].slice(random.between(0, 1))
  const message = { role: random.pick(['user', 'system', 'assistant']), content: [...before, random.pick(PARTS)] }
  return { body: { ...chat.body, messages: [message, ...list] }, may: REFUSED, param: 'messages[0].content' }
}

const one = (fields: object): object => ({ type: 'function', function: { name: 'f', ...fields } })

const TOOLS: readonly [readonly [object, string], ...(readonly [object, string])[]] = [
  [{ tools: [one({}), one({})] }, 'tools[1].function.name'],
  [{ tools: [one({ name: 'a b' })] }, 'tools[0].function.name'],
  [{ tools: [one({ name: '' })] }, 'tools[0].function.name'],
  [{ tools: [one({ name: 'x'.repeat(65) })] }, 'tools[0].function.name'],
  [{ tools: [one({ name: null })] }, 'tools[0].function.name'],
  [{ tools: [one({ parameters: { type: 'array' } })] }, 'tools[0].function.parameters'],
  [{ tools: [one({ parameters: [] })] }, 'tools[0].function.parameters'],
  [{ tools: [one({ description: 5 })] }, 'tools[0].function.description'],
  [{ tools: [{ type: 'custom', custom: {} }] }, 'tools[0].custom.name'],
  [{ tools: [{ type: 'custom', custom: { name: 'a b' } }] }, 'tools[0].custom.name'],
  [{ tools: [{ type: 'custom', custom: { name: 'x', format: { type: 'grammar' } } }] }, 'tools[0].custom.format'],
  [{ tools: [one({}), null] }, 'tools[1]'],
  [{ tools: [one({})], tool_choice: { type: 'function', function: { name: 'g' } } }, 'tool_choice'],
  [{ tools: [one({})], tool_choice: 'any' }, 'tool_choice'],
  [{ tools: [], tool_choice: 'required' }, 'tool_choice'],
  [{ functions: [{ name: 'f' }] }, 'functions'],
]

function withOddTools(random: Random, chat: Chat): Mutated {
  const [fields, param] = random.pick(TOOLS)
  const { tool_choice: _choice, tools: _tools, ...rest } = chat.body
  return { body: { ...rest, ...fields }, may: REFUSED, param }
}

const FORMATS: readonly [unknown, ...unknown[]] = [
  { type: 'xml' },
  { type: 'json_schema' },
  { type: 'json_schema', json_schema: null },
  { type: 'json_schema', json_schema: {} },
  { type: 'json_schema', json_schema: [] },
  {},
]

const formatOf = (schema: unknown): object => ({ type: 'json_schema', json_schema: { name: 'x', schema } })

function withOddFormat(random: Random, chat: Chat): Mutated {
  const isDoubtful = random.chance(0.4)
  const format = isDoubtful
    ? formatOf(doubtfulSchema(random))
    : random.chance(0.3)
      ? random.pick(FORMATS)
      : formatOf(badSchema(random))
  const body = { ...chat.body, response_format: format }
  if (!isDoubtful) return { body, may: REFUSED, param: 'response_format' }
  return { body, may: [...chat.may, 'schema_unmet', 'invalid_request'], param: undefined }
}

/** The request with one thing changed. */
export function mutated(random: Random, world: World, chat: Chat): Mutated {
  switch (random.weighted({ field: 50, message: 20, part: 8, tools: 10, format: 12 })) {
    case 'field':
      return withOddField(random, world, chat)
    case 'message':
      return withOddMessage(random, world, chat)
    case 'part':
      return withOddPart(random, chat)
    case 'tools':
      return withOddTools(random, chat)
    case 'format':
      return withOddFormat(random, chat)
  }
}
