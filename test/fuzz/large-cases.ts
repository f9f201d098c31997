/** Requests that are large in some way; few of them, for they cost much. */
import type { Random } from '../soak/random.ts'
import { LIMIT_CASES, NO_SUCH, REFUSED, TOO_LONG, type Large } from './limit-cases.ts'
import { hasOddNames } from './chat-body.ts'
import { CHAT } from './chat-cases.ts'
import { toolFields } from './chat-tools.ts'
import { headersOf, httpCase, type Answer, type FuzzCase, type World } from './fuzz-case.ts'

const TEN_MB = 10_000_000
/** More than the gateway of a fuzz takes. */
const TOO_LARGE = 13_000_000

/** A large one may take its time in the CLI. */
const MAY: readonly Answer[] = ['ok', 'timeout', 'context_length_exceeded', 'overloaded']

const filler = (random: Random, length: number): string =>
  random.pick(['x', 'дума ', '🙂', '"\\']).repeat(length).slice(0, length)

const messages = (content: unknown): readonly object[] => [{ role: 'user', content }]

const MAKERS: readonly [(random: Random, world: World) => Large, ...((random: Random, world: World) => Large)[]] = [
  () => ({ name: 'text', body: { stream: true, messages: messages('слово '.repeat(300_000)) }, may: MAY }),
  () => ({ name: 'text', body: { stream: true, messages: messages('x'.repeat(TEN_MB)) }, may: TOO_LONG }),
  (random) => ({
    name: 'key',
    body: { messages: messages('a'), [filler(random, 3_000_000)]: 1 },
    may: ['ok', 'overloaded'],
  }),
  (random) => ({
    name: 'model',
    body: { model: filler(random, 2_000_000), messages: messages('a') },
    may: NO_SUCH,
  }),
  (random) => ({
    name: 'role',
    body: { messages: [{ role: filler(random, 2_000_000), content: 'a' }] },
    may: REFUSED,
  }),
  (random) => ({
    name: 'part',
    body: { messages: messages([{ type: filler(random, 2_000_000) }]) },
    may: REFUSED,
  }),
  (random) => ({
    name: 'property',
    body: {
      messages: messages('a'),
      response_format: {
        type: 'json_schema',
        json_schema: { schema: { type: 'object', properties: { [filler(random, 1_000_000)]: { type: 'nothing' } } } },
      },
    },
    may: REFUSED,
  }),
  (random, world) => {
    const fields = toolFields(random, world, random.between(100, 400))
    return {
      name: 'tools',
      body: { stream: true, messages: messages('a'), ...fields },
      may: hasOddNames({ ...fields }) ? [...MAY, ...REFUSED] : MAY,
    }
  },
  (random) => ({
    name: 'messages',
    body: {
      stream: true,
      messages: Array.from({ length: random.between(500, 3000) }, (_, index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: `message ${index}`,
      })),
    },
    may: MAY,
  }),
  () => ({
    name: 'calls',
    body: {
      stream: true,
      messages: [
        {
          role: 'assistant',
          tool_calls: Array.from({ length: 500 }, () => ({
            id: 'same',
            type: 'function',
            function: { name: 'f', arguments: '{}' },
          })),
        },
        ...Array.from({ length: 500 }, () => ({ role: 'tool', tool_call_id: 'same', content: 'r' })),
        ...messages('a'),
      ],
    },
    may: MAY,
  }),
  () => ({
    name: 'picture',
    body: {
      messages: messages([{ type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(TEN_MB)}` } }]),
    },
    may: REFUSED,
  }),
  () => ({ name: 'values', body: { messages: Array.from({ length: 1_000_000 }, () => 0) }, may: REFUSED }),
  () => ({
    name: 'session id',
    path: '/v1/conversational',
    body: { session_id: 'x'.repeat(TEN_MB), message: 'a' },
    may: REFUSED,
  }),
  () => ({
    name: 'agent',
    path: '/execute',
    body: { prompt: 'a', agent: 'x'.repeat(TEN_MB) },
    may: NO_SUCH,
  }),
]

/** One that is larger than the gateway takes. */
export function tooLarge(random: Random, world: World): FuzzCase {
  const path = random.pick([CHAT, '/execute', '/v1/conversational'])
  return httpCase({
    kind: 'too large',
    path,
    headers: headersOf(world),
    body: JSON.stringify({ messages: messages('x'.repeat(TOO_LARGE)) }),
    may: ['request_too_large'],
    said: '',
  })
}

export function largeCase(random: Random, world: World): FuzzCase {
  const { name, path = CHAT, body, may } = random.pick([...MAKERS, ...LIMIT_CASES])(random, world)
  const sent = typeof body === 'string' ? body : JSON.stringify(body)
  return httpCase({ kind: `large ${name}`, path, headers: headersOf(world), body: sent, may })
}
