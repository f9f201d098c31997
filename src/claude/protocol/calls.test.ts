import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FunctionCall, History, Message, Part } from '../../core/index.ts'
import { callId, callStem, pairCalls } from './calls.ts'
import { blocksOf, hasCalls, hasResults, isSameTurn, type Block, type Turn } from './turn.ts'

const user = (text: string): Message => ({ role: 'user', text })
const call = (id: string, json = '{}', name = 'weather'): FunctionCall => ({ id, name, arguments: json })
const calls = (text: string, ...all: readonly FunctionCall[]): Message => ({ role: 'assistant', text, calls: all })
const came = (callId: string, text: string): Message => ({ role: 'tool', callId, text })

const pair = (...history: readonly Message[]): readonly Turn[] =>
  pairCalls(history, ({ role, text }) => ({ role: role === 'assistant' ? role : 'user', text }))

const made = (id: string, input: unknown = {}, name = 'weather'): Block => ({ type: 'call', id, name, input })
const told = (id: string, ...texts: readonly string[]): Block => ({
  type: 'result',
  id,
  content: texts.map((text) => ({ type: 'text', text })),
})
const assistant = (text: string, ...blocks: readonly Block[]): Turn => ({ role: 'assistant', text, blocks })
const results = (...blocks: readonly Block[]): Turn => ({ role: 'user', text: '', blocks })

/** Two ids of one turn, one of another. */
const STEM = callStem('a turn')
const [FIRST, SECOND, THIRD] = [callId(STEM, 0), callId(STEM, 1), callId(STEM, 2)]
const OTHER = callId(callStem('another turn'), 0)

test('the ids of a turn’s calls are short, and differ in their ending only', () => {
  expect(FIRST).toMatch(/^call_[\da-f]{24}_0$/)
  expect(SECOND).toBe(FIRST.replace(/0$/, '1'))
  expect(callId(STEM, 1_234_567).length).toBeLessThanOrEqual(40)
  expect(callStem('a turn')).toBe(STEM)
  expect(OTHER).not.toContain(STEM)
})

test('[FN4] calls and what came of them are told as such, with their ids and word for word', () => {
  expect(pair(user('a'), calls('let me see', call('c1', '{"city":"Русе"}')), came('c1', ' rain\n'), user('b'))).toEqual(
    [
      { role: 'user', text: 'a' },
      assistant('let me see', { type: 'text', text: 'let me see' }, made('c1', { city: 'Русе' })),
      results(told('c1', ' rain\n')),
      { role: 'user', text: 'b' },
    ],
  )
})

test.each(['', ' ', '\n'])('[FN4] a message that only calls (its text is %j) has no text for the model', (text) => {
  expect(pair(calls(text, call('c1')), came('c1', 'r'))[0]?.blocks).toEqual([made('c1')])
})

test('[FN4] several calls of a message have their results behind them, in the order of the calls', () => {
  const both = calls('', call('c1'), call('c2'))
  expect(pair(both, came('c2', 'second'), came('c1', 'first'))).toEqual([
    assistant('', made('c1'), made('c2')),
    results(told('c1', 'first'), told('c2', 'second')),
  ])
})

test('[FN4] pictures that a call brought stand in their place', () => {
  const picture: Part = { type: 'picture', picture: { mediaType: 'image/png', base64: 'AAAA' } }
  const parts: readonly Part[] = [{ type: 'text', text: 'a map' }, picture, { type: 'text', text: '' }]
  const brought: Message = { role: 'tool', callId: 'c1', text: 'a map', parts }
  expect(pair(calls('', call('c1')), brought)[1]).toEqual(
    results({ type: 'result', id: 'c1', content: [{ type: 'text', text: 'a map' }, picture] }),
  )
  // Without its call too.
  const text = '<function_result>\na map\n</function_result>'
  expect(pair(brought)).toEqual([{ role: 'user', text, blocks: [{ type: 'text', text }, picture] }])
})

test('[FN4] a picture that was not fetched is a defect, not an empty result', () => {
  const linked: Part = { type: 'linked-picture', url: 'https://x/y.png', place: 'p' }
  expect(() => pair(calls('', call('c1')), { role: 'tool', callId: 'c1', text: '', parts: [linked] })).toThrow(
    'read before',
  )
})

test.each<readonly [string, unknown]>([
  ['{"a":1,"b":[{"c":null}]}', { a: 1, b: [{ c: null }] }],
  [' {"a":1}\n', { a: 1 }],
  ['', {}],
  [' \n', {}],
  ['{"a":', { arguments: '{"a":' }],
  ['weather', { arguments: 'weather' }],
  ['[1]', { arguments: '[1]' }],
  ['null', { arguments: 'null' }],
  ['"a"', { arguments: '"a"' }],
  ['7', { arguments: '7' }],
])('[FN4] arguments that are %j reach the model as %j', (json, input) => {
  expect(pair(calls('', call('c1', json)))[0]?.blocks).toEqual([made('c1', input)])
})

test('[FN4] a name of an object’s prototype among arguments is a name like any other', () => {
  const json = '{"__proto__":{"a":1},"constructor":2}'
  expect(JSON.stringify(pair(calls('', call('c1', json)))[0]?.blocks)).toContain(json)
})

test.each(['call.1', 'a b', 'ид', '', 'x'.repeat(65), 'a\nb'])(
  '[FN4] an id that the model API would not take (%j) is changed, the same way each time',
  (id) => {
    const turns = pair(calls('', call(id)), came(id, 'r'))
    const [given] = blocksOf(turns[0] ?? results())
    expect(given).toMatchObject({ type: 'call', id: expect.stringMatching(/^[\w-]{1,64}$/) })
    expect(turns[1]?.blocks).toEqual([told(given?.type === 'call' ? given.id : '', 'r')])
    expect(pair(user('before'), calls('', call(id)), came(id, 'r'), user('after')).slice(1, 3)).toEqual(turns)
  },
)

test('[FN4] an id that is used again is changed, the same way each time, and has the results that came since', () => {
  const history = [calls('', call('c1')), came('c1', 'one'), user('again'), calls('', call('c1')), came('c1', 'two')]
  const turns = pair(...history)
  const again = `call_${callStem('c1\n1')}`
  expect(turns).toEqual([
    assistant('', made('c1')),
    results(told('c1', 'one')),
    { role: 'user', text: 'again' },
    assistant('', made(again)),
    results(told(again, 'two')),
  ])
  expect(pair(...history, user('more'))).toEqual([...turns, { role: 'user', text: 'more' }])
})

test('[FN5] results stand behind their calls, wherever they come', () => {
  expect(
    pair(calls('', call('c1'), call('c2')), came('c2', 'two'), user('well?'), came('c1', 'one'), user('b')),
  ).toEqual([
    assistant('', made('c1'), made('c2')),
    results(told('c1', 'one'), told('c2', 'two')),
    { role: 'user', text: 'well?' },
    { role: 'user', text: 'b' },
  ])
})

test('[FN5] all that came of a call is told, in its order', () => {
  expect(pair(calls('', call('c1')), came('c1', 'one'), came('c1', 'two'))[1]).toEqual(
    results(told('c1', 'one', 'two')),
  )
})

test('[FN5] a call without a result has one that says so, and so has a question behind it', () => {
  expect(pair(calls('', call('c1'), call('c2')), came('c2', 'two'))).toEqual([
    assistant('', made('c1'), made('c2')),
    results(told('c1', '(no result)'), told('c2', 'two')),
  ])
  expect(pair(calls('', call('c1')), user('never mind'))).toEqual([
    assistant('', made('c1')),
    results(told('c1', '(no result)')),
    { role: 'user', text: 'never mind' },
  ])
})

test('[FN5] a result without a call is told as a user’s message, in its place', () => {
  const orphan = { role: 'user', text: '<function_result>\nrain\n</function_result>' }
  expect(pair(user('a'), came('nobody', 'rain'), user('b'))).toEqual([
    { role: 'user', text: 'a' },
    orphan,
    { role: 'user', text: 'b' },
  ])
  // Also one that comes before its call.
  expect(pair(came('c1', 'rain'), calls('', call('c1')))).toEqual([
    orphan,
    assistant('', made('c1')),
    results(told('c1', '(no result)')),
  ])
})

test('[FN5] calls of one turn that come back one by one, each with its result, are put together again', () => {
  expect(
    pair(
      calls('let me see', call(FIRST)),
      came(FIRST, 'one'),
      calls('', call(SECOND)),
      came(SECOND, 'two'),
      calls(' ', call(THIRD)),
      came(THIRD, 'three'),
      user('b'),
    ),
  ).toEqual([
    assistant('let me see', { type: 'text', text: 'let me see' }, made(FIRST), made(SECOND), made(THIRD)),
    results(told(FIRST, 'one'), told(SECOND, 'two'), told(THIRD, 'three')),
    { role: 'user', text: 'b' },
  ])
})

test.each<readonly [string, string, string]>([
  ['of another turn', FIRST, OTHER],
  ['with ids of a client', 'call_1', 'call_2'],
  ['of which one has an id of ours', FIRST, 'call_2'],
  ['of which one has an id of a client', 'call_1', SECOND],
])('[FN5] calls %s that come after a result are calls of their own', (_, one, other) => {
  expect(pair(calls('', call(one)), came(one, 'one'), calls('', call(other)), came(other, 'two'))).toEqual([
    assistant('', made(one)),
    results(told(one, 'one')),
    assistant('', made(other)),
    results(told(other, 'two')),
  ])
})

test.each<readonly [string, Message]>([
  ['a user said something', user('hm')],
  ['the assistant said something', { role: 'assistant', text: 'hm' }],
  ['an instruction was given', { role: 'system', text: 'hm' }],
])('[FN5] calls of one turn between which %s are not put together', (_, between) => {
  const turns = pair(calls('', call(FIRST)), came(FIRST, 'one'), between, calls('', call(SECOND)), came(SECOND, 'two'))
  expect(turns.map(({ text }) => text)).toEqual(['', '', 'hm', '', ''])
})

test('[FN5] calls that say something begin a message of their own', () => {
  const turns = pair(calls('', call(FIRST)), came(FIRST, 'one'), calls('and', call(SECOND)), came(SECOND, 'two'))
  expect(turns.map(({ text }) => text)).toEqual(['', '', 'and', ''])
})

test('[FN5] calls whose results come after the last of them are put together, whatever their ids', () => {
  expect(pair(calls('', call('a')), calls('', call('b')), came('a', 'one'), came('b', 'two'))).toEqual([
    assistant('', made('a'), made('b')),
    results(told('a', 'one'), told('b', 'two')),
  ])
})

test('[FN5] a result that belongs to none of the calls around it is not lost', () => {
  const turns = pair(calls('', call(FIRST)), came('nobody', 'stray'), calls('', call(SECOND)), came(SECOND, 'two'))
  expect(JSON.stringify(turns)).toContain('stray')
})

test('[FN5] a result that comes before its call, among calls that are put together, is not lost', () => {
  const turns = pair(calls('', call(FIRST)), came(SECOND, 'early'), calls('', call(SECOND)), came(FIRST, 'one'))
  expect(JSON.stringify(turns)).toContain('early')
})

test('[FN4] ids that are long and alike stay different when they are used again', () => {
  const round = ['today', 'later'].flatMap((end) => {
    const id = `function_get_the_current_weather_and_the_forecast_of_the_${end}`
    return [calls('', call(id)), came(id, 'r')]
  })
  expectUnique(pair(...round, ...round))
})

test('[FN4] an id that is made for one that is used again is none that the client uses', () => {
  expectUnique(pair(calls('', call('c1')), came('c1', 'r'), calls('', call('c1_again1')), calls('', call('c1'))))
})

test('[FN4] an id stays short enough for the model API, however often it is used', () => {
  const id = 'x'.repeat(64)
  expectUnique(pair(...Array.from({ length: 120 }, () => [calls('', call(id)), came(id, 'r')]).flat()))
})

const idsOf = (turns: readonly Turn[]): readonly string[] =>
  turns.flatMap((turn) => blocksOf(turn).flatMap((block) => (block.type === 'call' ? [block.id] : [])))

function expectUnique(turns: readonly Turn[]): void {
  const ids = idsOf(turns)
  for (const id of ids) expect(id).toMatch(/^[\w-]{1,64}$/)
  expect(new Set(ids).size).toBe(ids.length)
}

const ANY_IDS = [FIRST, SECOND, THIRD, OTHER, 'call_1', 'call_2', 'call_1', 'a b', 'ид', '', 'y'.repeat(80)]
const anyId = fc.constantFrom(...ANY_IDS)
const anyJson = fc.constantFrom('{}', '', '{"a":1}', '{"a"', '[]')
/** Messages of which each that says something can be told by its number. */
const anyHistory: fc.Arbitrary<History> = fc
  .array(
    fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom<Message>(user('hm'), { role: 'assistant', text: 'hm' }) },
      { weight: 3, arbitrary: anyId.map((id): Message => came(id, '')) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(
            fc.constantFrom('', '', 'let me see'),
            fc.array(fc.tuple(anyId, anyJson), { minLength: 1, maxLength: 3 }),
          )
          .map(([text, all]): Message => calls(text, ...all.map(([id, json]) => call(id, json)))),
      },
    ),
    { maxLength: 14 },
  )
  .map((all) =>
    all.map((message, index): Message =>
      message.role === 'tool' || message.text !== '' ? { ...message, text: `${message.text}⟨${index}⟩` } : message,
    ),
  )

const marksIn = (value: unknown): readonly string[] => JSON.stringify(value).match(/⟨\d+⟩/g) ?? []
const isCall = ({ type }: Block): boolean => type === 'call'

test('[FN4] [FN5] whatever the history, each call has one result, directly behind it, in the order of the calls', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const turns = pair(...history)
      for (const [index, turn] of turns.entries()) {
        const next = turns[index + 1]
        if (hasCalls(turn)) {
          expect(turn.role).toBe('assistant')
          const ids = blocksOf(turn).flatMap((block) => (block.type === 'call' ? [block.id] : []))
          expect(next?.blocks?.map((block) => (block.type === 'result' ? block.id : ''))).toEqual(ids)
          expect(next?.role).toBe('user')
        }
        if (!hasResults(turn)) continue
        expect(hasCalls(turns[index - 1] ?? results())).toBe(true)
        for (const block of blocksOf(turn)) expect(block.type === 'result' && block.content.length > 0).toBe(true)
      }
    }),
    { seed: 51, numRuns: 2000 },
  )
})

test('[FN4] whatever the history, each call is made once and in its order, under an id of its own', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const turns = pair(...history)
      expectUnique(turns)
      const count = history.flatMap((message) => (message.role === 'assistant' ? (message.calls ?? []) : [])).length
      expect(turns.flatMap(blocksOf).filter(isCall)).toHaveLength(count)
    }),
    { seed: 52, numRuns: 2000 },
  )
})

test('[FN5] whatever the history, nothing that it says is lost, or told twice', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      // A message with calls holds its text twice: as its text, and as a block.
      const content = pair(...history).map((turn) => blocksOf(turn))
      expect(marksIn(content).toSorted()).toEqual(marksIn(history).toSorted())
    }),
    { seed: 53, numRuns: 2000 },
  )
})

test('[FN4] [FN5] a history that grew by another exchange begins as it was told before', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const told = pair(...history, user('then'))
      expect(pair(...history, user('then'), calls('', call('new')), came('new', 'r')).slice(0, told.length)).toEqual(
        told,
      )
    }),
    { seed: 54, numRuns: 1000 },
  )
})

const MANY = 30_000
test.each<readonly [string, (index: number) => readonly Message[]]>([
  ['one after the other', (n) => [calls('', call(`c${n}`)), came(`c${n}`, 'r')]],
  ['of one turn', (n) => [calls('', call(callId(STEM, n))), came(callId(STEM, n), 'r')]],
  ['without results', (n) => [calls('', call(`c${n}`))]],
  ['with one id', () => [calls('', call('c')), came('c', 'r'), user('x')]],
  ['of which nothing but results is left', () => [came('c', 'r')]],
])('[FN5] what a history of many calls %s takes grows with its length, not with the square of it', (_, round) => {
  const history = Array.from({ length: MANY }, (__, index) => round(index)).flat()
  const before = process.cpuUsage()
  pair(...history)
  // With the square of it, several seconds.
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(1)
})

test('[FN19] a number that no double holds is told as a text of its digits, and tells two calls apart', () => {
  const turnsOf = (json: string) => pair(calls('', call('c', json)))
  const [one, other] = ['{"id":2512292042121000001,"p":1.10}', '{"id":2512292042121000000,"p":1.1}'].map(turnsOf)
  expect(one?.[0]?.blocks).toMatchObject([{ input: { id: '2512292042121000001', p: 1.1 } }])
  expect(other?.[0]?.blocks).toMatchObject([{ input: { id: 2512292042121000000, p: 1.1 } }])
  const same = turnsOf('{"p": 1.1, "id": 2512292042121000001}')[0]
  if (one?.[0] === undefined || other?.[0] === undefined || same === undefined) throw new Error('turns are due')
  expect([isSameTurn(one[0], other[0]), isSameTurn(one[0], same)]).toEqual([false, true])
})
