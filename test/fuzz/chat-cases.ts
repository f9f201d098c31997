import type { Random } from '../soak/random.ts'
import { anyChat, type Chat } from './chat-body.ts'
import { headersOf, httpCase, type FuzzCase, type World } from './fuzz-case.ts'
import { hostileText } from './hostile-texts.ts'
import { doomedChat } from './mishaps.ts'
import { mutated } from './mutations.ts'

export const CHAT = '/v1/chat/completions'

/** Only such characters can stand in a header. */
const asHeader = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').trim()

/** Where the model must call, and nothing ends its answer before, it does. */
function callFault(body: Chat['body']): ((text: string) => string | undefined) | undefined {
  const { tools, tool_choice: choice, stop } = body
  if (stop !== undefined && stop !== null) return undefined
  const isNamed = typeof choice === 'object' && choice !== null && 'function' in choice
  if (!Array.isArray(tools) || tools.length === 0 || (choice !== 'required' && !isNamed)) return undefined
  return (text) => (/"tool_calls"|"length"/.test(text) ? undefined : 'no call where one must be')
}

function post(
  kind: string,
  world: World,
  { body, may, param }: Chat & { readonly param?: string | undefined },
): FuzzCase {
  const check = callFault(body)
  return httpCase({
    kind,
    path: CHAT,
    headers: headersOf(world),
    body: JSON.stringify(body),
    may,
    param,
    ...(check === undefined ? {} : { check }),
  })
}

export const goodChat = (random: Random, world: World): FuzzCase => post('chat', world, anyChat(random, world))

/** Headers and a query that nobody asked for. */
export function dressedChat(random: Random, world: World): FuzzCase {
  const chat = anyChat(random, world)
  const isInRoom = random.chance(0.3)
  return httpCase({
    kind: 'chat dressed',
    path: `${CHAT}?${random.pick(['a=1', 'api-version=%00', '', '?', 'a[]=%zz', 'x'.repeat(3000)])}`,
    headers: {
      ...headersOf(world),
      'x-odd': asHeader(hostileText(random, world)),
      'x-request-id': 'req_mine',
      'x-stainless-retry-count': '3',
      'accept-encoding': 'gzip, br',
      origin: 'http://evil.example',
      ...(isInRoom ? { 'x-conversation-id': asHeader(hostileText(random, world)) || 'x' } : {}),
    },
    body: JSON.stringify(chat.body),
    may: isInRoom ? [...chat.may, 'superseded'] : chat.may,
  })
}

export const oddChat = (random: Random, world: World): FuzzCase =>
  post('chat mutated', world, mutated(random, world, anyChat(random, world)))

export const doomed = (random: Random, world: World): FuzzCase => post('chat doomed', world, doomedChat(random))

/** One with tools of its own, in a process for itself. */
export const doerChat = (random: Random, world: World): FuzzCase =>
  post('chat doer', world, {
    body: {
      model: 'recruiter-triage/haiku',
      stream: random.chance(0.5),
      messages: [{ role: 'user', content: `${hostileText(random, world)} x` }],
    },
    may: ['ok'],
  })

/** A client that leaves before the headers, or in mid-stream. */
export function leavingChat(random: Random, world: World): FuzzCase {
  const { body, may } = anyChat(random, world)
  const messages = [
    ...(body['messages'] as readonly object[]),
    { role: 'user', content: `count to ${random.between(20, 200)} [rehearse slow=5]` },
  ]
  const chat = post('chat left', world, { body: { ...body, messages }, may })
  if (chat.play.type !== 'http') return chat
  const leaving = random.chance(0.5)
    ? { afterMs: random.between(0, 400) }
    : { afterBytes: random.between(1, 3000), afterMs: 5000 }
  return { ...chat, play: { ...chat.play, leaving }, least: 0 }
}
