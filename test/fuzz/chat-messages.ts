/** Histories of all roles and forms, as clients send them. */
import type { Random } from '../soak/random.ts'
import { anyText, hostileText, question } from './hostile-texts.ts'
import type { Answer, World } from './fuzz-case.ts'
import { anyPicture } from './picture-cases.ts'

export interface Messages {
  readonly list: readonly object[]
  /** What else than an answer may come of them; the first that is found is told. */
  readonly failures: readonly Answer[]
}

const MOST = 4

const asParts = (random: Random, text: string): readonly object[] => [
  { type: 'text', text },
  ...(random.chance(0.2) ? [{ type: 'text', text: '' }] : []),
  ...(random.chance(0.1) ? [{ type: 'text', text: ' and more', extra: { a: 1 } }] : []),
]

const content = (random: Random, text: string): unknown => (random.chance(0.7) ? text : asParts(random, text))

const oddIds = ['call_1', 'call_1', 'x', 'a b', '', 'ж', '__proto__', 'y'.repeat(200)] as const

function callsAndResults(random: Random, world: World): readonly object[] {
  const ids = Array.from({ length: random.between(1, 3) }, () => random.pick(oddIds) || 'call_0')
  const calls = ids.map((id) => ({
    id,
    ...(random.chance(0.8) ? { type: 'function' } : {}),
    function: {
      name: random.pick(['look', 'f-1', 'не е', 'a'.repeat(80)]),
      arguments: random.pick(['{}', '{"a":1}', 'no json', '']),
    },
  }))
  const results = ids
    .filter(() => random.chance(0.85))
    .map((id) => ({ role: 'tool', tool_call_id: id, content: content(random, anyText(random, world)) }))
  const called = { role: 'assistant', tool_calls: calls, ...(random.chance(0.5) ? { content: null } : {}) }
  return random.chance(0.1) ? [...results, called] : [called, ...results]
}

const oldCall = (random: Random, world: World): readonly object[] => [
  { role: 'assistant', content: null, function_call: { name: 'look', arguments: '{}' } },
  { role: 'function', name: 'look', content: anyText(random, world) },
]

function said(random: Random, world: World): readonly object[] {
  switch (random.weighted({ user: 35, assistant: 30, system: 15, developer: 5, calls: 10, old: 3, refused: 2 })) {
    case 'user':
      return [
        {
          role: 'user',
          content: content(random, anyText(random, world)),
          ...(random.chance(0.1) ? { name: hostileText(random, world) } : {}),
        },
      ]
    case 'assistant':
      return [
        { role: 'assistant', ...(random.chance(0.9) ? { content: content(random, anyText(random, world)) } : {}) },
      ]
    case 'system':
      return [{ role: 'system', content: content(random, anyText(random, world)) }]
    case 'developer':
      return [{ role: 'developer', content: anyText(random, world) }]
    case 'calls':
      return callsAndResults(random, world)
    case 'old':
      return oldCall(random, world)
    case 'refused':
      return [{ role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] }]
  }
}

/** A history that ends with what is asked, at times with a picture. */
export function anyMessages(random: Random, world: World): Messages {
  const before = Array.from({ length: random.between(0, MOST) }, () => said(random, world)).flat()
  const text = question(random, world)
  if (!random.chance(0.08)) return { list: [...before, { role: 'user', content: content(random, text) }], failures: [] }
  const { url, failure } = anyPicture(random, world)
  const image = random.chance(0.8) ? { url, ...(random.chance(0.3) ? { detail: 'low' } : {}) } : url
  const parts = [...asParts(random, text), { type: 'image_url', image_url: image }]
  return { list: [...before, { role: 'user', content: parts }], failures: failure }
}
