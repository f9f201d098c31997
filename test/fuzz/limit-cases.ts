/** Requests that hold as much of one thing as may be, or one more of it. */
import { REQUEST_LIMITS, type RequestLimitName } from '../../src/core/index.ts'
import type { Random } from '../soak/random.ts'
import { PNG } from '../support/picture-server.ts'
import type { Answer, World } from './fuzz-case.ts'

export interface Large {
  readonly name: string
  readonly path?: string
  /** Text is sent as it is, anything else as JSON. */
  readonly body: unknown
  readonly may: readonly Answer[]
}

/** What many large ones at once may come to. */
const BUSY: Answer = 'overloaded'
export const REFUSED: readonly Answer[] = ['invalid_request', BUSY]
export const NO_SUCH: readonly Answer[] = ['model_not_found', BUSY]
export const TOO_LONG: readonly Answer[] = ['context_length_exceeded', BUSY]
const TAKEN: readonly Answer[] = ['ok', 'timeout', 'context_length_exceeded', BUSY]

const MIB = 1024 * 1024
const GIF = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

const times = <T>(count: number, make: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at))
const user = (content: unknown) => ({ role: 'user', content })
const chat = (fields: object) => ({ stream: true, messages: [user('a')], ...fields })
const image = (url: string) => ({ type: 'image_url', image_url: { url } })
const inline = (type: string, bytes: Buffer): string => `data:image/${type};base64,${bytes.toString('base64')}`
const png = (size: number): string => inline('png', Buffer.concat([PNG, Buffer.alloc(size - PNG.length)]))
const tool = (at: number) => ({ type: 'function', function: { name: `f${at}` } })
const call = (at: number) => ({ id: `c${at}`, type: 'function', function: { name: 'f', arguments: '{}' } })

type Maker = (random: Random, world: World) => Large

/** At a limit and one beyond it. */
const around =
  (
    limit: RequestLimitName,
    body: (count: number, random: Random) => unknown,
    beyond: readonly Answer[] = REFUSED,
  ): Maker =>
  (random) => {
    const isOver = random.pick([true, false])
    const count = REQUEST_LIMITS[limit].most + (isOver ? 1 : 0)
    return {
      name: `${limit} ${isOver ? 'beyond' : 'at'} the limit`,
      body: body(count, random),
      may: isOver ? beyond : TAKEN,
    }
  }

export const LIMIT_CASES: readonly Maker[] = [
  around('messages', (count) => chat({ messages: times(count, () => user('a')) })),
  around('parts', (count) => chat({ messages: [user(times(count, () => ({ type: 'text', text: 'a' })))] })),
  around('calls', (count) => chat({ messages: [{ role: 'assistant', tool_calls: times(count, call) }, user('a')] })),
  around('characters', (count) => chat({ messages: [user('x'.repeat(count))] }), TOO_LONG),
  around('images', (count) => chat({ messages: times(count, () => user([image(GIF)])) })),
  around('tools', (count) =>
    chat({
      tools: times(count, tool),
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: times(count, tool) } },
    }),
  ),
  around('stops', (count) => chat({ stop: times(count, (at) => `stop ${at}`) })),
  around('stopCharacters', (count) => chat({ stop: 'x'.repeat(count) })),
  around('metadataKeys', (count) => chat({ metadata: Object.fromEntries(times(count, (at) => [`k${at}`, 'v'])) })),
  // Two of one name would take each other's place.
  around('nameCharacters', (count, random) =>
    chat({ metadata: { conversation: String(random.between(0, 1e9)).padEnd(count, 'x') } }),
  ),
  // The body is one array deeper than its unknown field.
  around(
    'depth',
    (count) => `{"messages":[{"role":"user","content":"a"}],"a":${'['.repeat(count - 1)}${']'.repeat(count - 1)}}`,
  ),
  () => ({ name: 'numbers', body: `{"messages":[${'1,'.repeat(5 * MIB)}1]}`, may: REFUSED }),
  () => ({ name: 'levels', body: '['.repeat(11 * MIB), may: REFUSED }),
  () => ({
    name: 'keys',
    body: chat({ metadata: Object.fromEntries(times(280_000, (at) => [`k${at}`, {}])) }),
    may: REFUSED,
  }),
  () => ({ name: 'images', body: chat({ messages: times(20_000, () => user([image(GIF)])) }), may: REFUSED }),
  () => ({
    name: 'JPEG of zeros',
    body: chat({
      messages: [user([image(inline('jpeg', Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(8 * MIB)])))])],
    }),
    may: REFUSED,
  }),
  (_, { pictures }) => ({
    name: 'images of one address',
    body: chat({ messages: [user(times(35, () => image(`${pictures}/mega`)))] }),
    may: REFUSED,
  }),
  () => ({ name: 'image', body: chat({ messages: [user([image(png(7 * MIB))])] }), may: TAKEN }),
]
