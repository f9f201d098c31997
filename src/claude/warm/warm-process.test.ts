import { expect, test } from 'vitest'
import { calling, comparable, resulting, withPicture } from '../../../test/support/histories.ts'
import { answers, begins, calls, callsOnce, result, says, stops, type Printed } from '../../../test/support/kept-cli.ts'
import {
  assistant,
  createWarm,
  NEVER,
  openWarm,
  saidBy,
  SETTLE_MS,
  user,
  WANTED,
  type OpenWarm,
} from '../../../test/support/open-warm.ts'
import { serverName, toToolName, type Turn } from '../protocol/index.ts'

const HISTORY = [user('a'), assistant('b'), user('c'), assistant('d')]

/** What it says it holds, and what it holds. */
const expectTruthful = ({ warm, cli }: OpenWarm): void => {
  expect(comparable(cli.messages)).toEqual(comparable(warm.held.rows))
}

test('[WP1] a history is replayed in its roles and in order, then asked', async () => {
  const opened = await openWarm()
  await opened.turn({ turns: HISTORY, ask: user('e') })
  expect(opened.cli.asked).toEqual([
    { system: 'S', model: 'sonnet', settings: WANTED.settings, functions: [], messages: [...HISTORY, user('e')] },
  ])
  expect(opened.warm.held.rows).toMatchObject([...HISTORY, user('e'), assistant('yes')])
  expect(opened.warm.held.rows.map(({ uuid }) => uuid !== undefined)).toEqual([true, false, false, false, true, false])
  expect(opened.warm.turns).toBe(1)
})

test('[WP9] message by message each of the user’s can be rewound to', async () => {
  const opened = await openWarm({ abilities: { replay: 'steps', rewind: 'steps' } })
  await opened.turn({ turns: HISTORY, ask: user('e') })
  expect(opened.cli.asked[0]?.messages).toEqual([...HISTORY, user('e')])
  await opened.turn({ turns: HISTORY.slice(0, 2), ask: user('other') })
  expect(opened.cli.asked[1]?.messages).toEqual([...HISTORY.slice(0, 2), user('other')])
  expectTruthful(opened)
})

test('[WP1] a message that is told in bulk is not waited for, one that begins a transcript is', async () => {
  const opened = await openWarm()
  const before = opened.cli.lines.length
  await opened.request({ turns: HISTORY, ask: user('e') })
  expect(opened.cli.lines.slice(before).map(({ type, shouldQuery }) => [type, shouldQuery])).toEqual([
    ['user', false],
    ['assistant', undefined],
    ['assistant', undefined],
    ['assistant', undefined],
    ['user', undefined],
  ])
})

test('[WP7] every setting is told each time, so that none lasts longer than its turn', async () => {
  const opened = await openWarm()
  await opened.turn({ settings: { maxOutputTokens: 50, reasoning: 'high' } })
  await opened.turn({ settings: { maxOutputTokens: undefined, reasoning: 'none' } })
  await opened.turn({ settings: { maxOutputTokens: undefined, reasoning: 'none' } })
  expect(opened.cli.asked.map(({ settings }) => settings)).toEqual([
    { maxOutputTokens: 50, reasoning: 'high' },
    { maxOutputTokens: undefined, reasoning: 'none' },
    { maxOutputTokens: undefined, reasoning: 'none' },
  ])
})

const COUNTED = [user('count'), assistant('one two')]

test.each<readonly ['bulk' | 'steps', string, readonly Turn[]]>([
  ['bulk', 'takes its question back: what was delivered is told with the next', []],
  ['steps', 'puts back what was delivered, so that it need not be told with the next', COUNTED],
])('[WP5] a turn that is interrupted where messages are told in %s %s', async (replay, _, rows) => {
  const opened = await openWarm({ abilities: { replay }, answer: () => [begins(), says('one two three')] })
  await opened.request({ ask: user('count') })
  await opened.warm.next(NEVER)
  await opened.warm.settle({ said: 'one two', whole: false, ms: SETTLE_MS })
  expect(opened.warm.held.rows).toMatchObject(rows)
  expectTruthful(opened)
  expect(opened.observer.of('turn-interrupted')).toEqual([
    { type: 'turn-interrupted', pid: opened.warm.pid, ms: 0, recovered: true },
  ])
  await opened.request({ turns: COUNTED, ask: user('go on') })
  expect(opened.cli.asked[1]?.messages).toEqual([...COUNTED, user('go on')])
})

test.each<readonly [string, readonly Printed[]]>([
  ['before the model began: the question is withdrawn', []],
  ['after it began: the turn is interrupted', [begins()]],
])('[WP5] a turn that is left %s, and leaves nothing', async (_, printed) => {
  const opened = await openWarm({ answer: (__, index) => (index === 0 ? printed : answers('yes')) })
  await opened.request({ turns: HISTORY, ask: user('first') })
  await opened.warm.settle({ said: '', whole: false, ms: SETTLE_MS })
  expect(opened.warm.held.rows).toMatchObject(HISTORY)
  expectTruthful(opened)
  await opened.turn({ turns: HISTORY, ask: user('second') })
  expect(opened.cli.asked[1]?.messages).toEqual([...HISTORY, user('second')])
})

test('[WP12] what the CLI said to have the model asked twice is not kept, though the answer is', async () => {
  const opened = await openWarm({
    abilities: { replay: 'steps' },
    answer: () => [begins(), stops('end_turn'), begins(), says('yes'), stops('end_turn'), result()],
  })
  await opened.request({ ask: user('a') })
  await opened.hear()
  expect(comparable(opened.cli.messages)).toContain('user: Output token limit hit. Resume directly.')
  await opened.warm.settle({ said: 'yes', whole: true, ms: SETTLE_MS })
  expect(opened.cli.messages).toEqual([user('a'), assistant('yes')])
  expectTruthful(opened)
})

test('[WP12] a turn that failed leaves nothing in what is asked next', async () => {
  const opened = await openWarm({
    answer: (_, index) => (index === 0 ? [begins(), result({ is_error: true, result: 'API Error' })] : answers('yes')),
  })
  await opened.request({ ask: user('a') })
  await opened.hear()
  await opened.warm.settle({ said: '', whole: false, ms: SETTLE_MS })
  expect(opened.warm.held.rows).toEqual([])
  await opened.turn({ ask: user('a') })
  expect(opened.cli.asked[1]?.messages).toEqual([user('a')])
  expectTruthful(opened)
})

test('[WP5] of an answer that was heard out, but not told whole, only what was told is kept', async () => {
  const opened = await openWarm({ abilities: { replay: 'steps' }, answer: () => answers('yes and no') })
  await opened.request({ ask: user('a') })
  await opened.hear()
  await opened.warm.settle({ said: 'yes', whole: false, ms: SETTLE_MS })
  expect(opened.warm.held.rows).toMatchObject([user('a'), assistant('yes')])
  expectTruthful(opened)
  // It had ended by itself.
  expect(opened.observer.of('turn-interrupted')).toEqual([])
})

test('[WP12] the cost of a turn is what it added to the process’s total, interrupted turns counted on their own', async () => {
  const opened = await openWarm({ answer: (_, index) => (index === 1 ? [begins(), says('long')] : answers('yes')) })
  const cost = async (): Promise<number | undefined> => {
    const last = (await opened.hear()).at(-1)
    return last?.type === 'result' ? last.costUsd : undefined
  }
  await opened.request({ ask: user('a') })
  expect(await cost()).toBe(0.25)
  await opened.warm.settle({ said: 'yes', whole: true, ms: SETTLE_MS })
  await opened.request({ ask: user('b') })
  await opened.warm.settle({ said: '', whole: false, ms: SETTLE_MS })
  await opened.request({ ask: user('c') })
  expect(await cost()).toBe(0.25)
})

test('[CL4] lines that say nothing are observed and passed over', async () => {
  const opened = await openWarm({
    answer: () => ['not JSON', '{"type":', '[]', '{"type":"news"}', begins(), 'null', says('yes'), '7', result()],
  })
  await opened.request({ ask: user('a') })
  expect(saidBy(await opened.hear())).toBe('yes')
  expect(opened.observer.of('line-ignored').length).toBe(5)
  await opened.warm.settle({ said: 'yes', whole: true, ms: SETTLE_MS })
  expectTruthful(opened)
})

test('[WP1] lines between what is waited for disturb no step', async () => {
  const opened = await openWarm({
    abilities: { replay: 'steps', rewind: 'steps' },
    tamper: (message) => ['{', { type: 'system', subtype: 'status' }, message, 'null'],
  })
  await opened.turn({ turns: HISTORY, ask: user('e') })
  await opened.turn({ ask: user('anew'), turns: [user('x'), assistant('y')] })
  expect(opened.cli.asked[1]?.messages).toEqual([user('x'), assistant('y'), user('anew')])
  expectTruthful(opened)
})

test('what the CLI asks of us is refused, and nobody is left waiting', async () => {
  const opened = await openWarm({
    answer: () => [
      { type: 'control_request', request_id: 'r1', request: { subtype: 'can_use_tool' } },
      begins(),
      { type: 'control_request', request_id: 'r2', request: {} },
      says('yes'),
      result(),
    ],
  })
  await opened.turn({ ask: user('a') })
  expect(opened.cli.lines.filter(({ type }) => type === 'control_response')).toEqual(
    ['r1', 'r2'].map((requestId) => ({
      type: 'control_response',
      response: { subtype: 'error', request_id: requestId, error: 'not supported' },
    })),
  )
})

test('[WP5] an abort between two steps leaves it holding what it says, and ready', async () => {
  const abort = new AbortController()
  const reason = new Error('left')
  const opened = await openWarm({
    abilities: { replay: 'steps' },
    // The second message that is taken in is the last that the caller waits for.
    tamper: (message) =>
      'num_turns' in message && opened.cli.messages.length === 3 ? [message, () => abort.abort(reason)] : [message],
  })
  await expect(opened.request({ turns: HISTORY, ask: user('e') }, abort.signal)).rejects.toBe(reason)
  expect(opened.cli.asked).toEqual([])
  expectTruthful(opened)
  expect(opened.warm.held.rows).toMatchObject(HISTORY.slice(0, 3))
  await opened.warm.settle({ said: '', whole: false, ms: SETTLE_MS })
  await opened.turn({ turns: HISTORY, ask: user('e') })
  expect(opened.cli.asked[0]?.messages).toEqual([...HISTORY, user('e')])
  expectTruthful(opened)
})

test('[WP5] an abort while the model answers leaves the next message to whoever asks for it then', async () => {
  const opened = await openWarm({ answer: () => [] })
  await opened.request({ ask: user('a') })
  const abort = new AbortController()
  const waiting = opened.warm.next(abort.signal)
  const reason = new Error('left')
  abort.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  opened.cli.print(begins())
  expect(await opened.warm.next(NEVER)).toMatchObject({ type: 'answer-start' })
})

test('a process that was not told its system prompt yet shows that it answers', async () => {
  const { warm, cli } = createWarm()
  await warm.ping({ ms: SETTLE_MS })
  expect(cli.lines).toMatchObject([{ type: 'control_request', request: { subtype: 'get_binary_version' } }])
  // That it does not know the request is an answer too.
  const other = createWarm({ tamper: (message) => [{ ...message, response: { ...refusalOf(message) } }] })
  await other.warm.ping({ ms: SETTLE_MS })
})

const refusalOf = (message: object): object => ({
  ...(message as { readonly response: object }).response,
  subtype: 'error',
  error: 'Unsupported control request subtype: get_binary_version',
})

test('[WP6] a process that may be busy is killed, one that is idle is asked to end', async () => {
  const busy = await openWarm()
  await busy.warm.stop('doubt')
  expect([busy.cli.exitCause, busy.cli.graceMs]).toEqual(['doubt', undefined])
  const idle = await openWarm()
  await idle.warm.stop('idle', { graceMs: 2000 })
  expect([idle.cli.exitCause, idle.cli.graceMs]).toEqual(['idle', 2000])
  expect(await idle.warm.exit).toMatchObject({ cause: 'idle' })
  await idle.warm.stop('shutdown')
})

const WEATHER = { name: 'weather', description: 'Tells it.', parameters: { type: 'object' } }
const CLOCK = { name: 'clock', description: '', parameters: { type: 'object', properties: {} } }
/** What the model knows the weather by, alone and beside the clock. */
const NAMES = [[WEATHER], [WEATHER, CLOCK]].map((functions) => toToolName('weather', serverName(functions)))
/** A conversation in which something was called. */
const CALLED = [user('a'), calling('', ['c1', 'weather', { city: 'X' }]), resulting(['c1', 'rain']), assistant('d')]

test('[FN1] [WP8] functions are offered before the question is asked, and the model knows them as they are', async () => {
  const opened = await openWarm()
  await opened.turn({ functions: [WEATHER, CLOCK], ask: user('a') })
  expect(opened.cli.asked).toMatchObject([{ functions: [WEATHER, CLOCK], messages: [user('a')] }])
  expect(opened.warm.held.functions).toEqual([WEATHER, CLOCK])
  expectTruthful(opened)
})

test('[FN7] other functions take their place under another name, and nothing is left of those before', async () => {
  const opened = await openWarm()
  await opened.turn({ functions: [WEATHER], ask: user('a') })
  await opened.turn({ functions: [CLOCK], ask: user('b') })
  await opened.turn({ functions: [], ask: user('c') })
  await opened.turn({ functions: [WEATHER], ask: user('d') })
  expect(opened.cli.asked.map(({ functions }) => functions)).toEqual([[WEATHER], [CLOCK], [], [WEATHER]])
  const offers = opened.cli.lines.flatMap(({ request }) => {
    const { subtype, servers } = (request ?? {}) as { readonly subtype?: string; readonly servers?: object }
    return subtype === 'mcp_set_servers' ? [Object.keys(servers ?? {}).join()] : []
  })
  const [weather, clock] = [serverName([WEATHER]), serverName([CLOCK])]
  expect(offers).toEqual([weather, clock, '', weather])
})

test('[FN7] what is offered stays offered without being told again', async () => {
  const opened = await openWarm()
  await opened.turn({ functions: [WEATHER], ask: user('a') })
  const before = opened.cli.lines.length
  await opened.turn({ functions: [WEATHER], turns: [user('a'), assistant('yes')], ask: user('b') })
  expect(opened.cli.lines.slice(before)).toMatchObject([{ type: 'user' }])
  expect(opened.cli.asked[1]?.functions).toEqual([WEATHER])
})

test.each(['bulk', 'steps'] as const)('[FN4] calls and what came of them are told as such, in %s', async (replay) => {
  const opened = await openWarm({ abilities: { replay } })
  await opened.turn({ functions: [WEATHER], turns: CALLED, ask: user('e') })
  expect(comparable(opened.cli.asked[0]?.messages ?? [])).toEqual(comparable([...CALLED, user('e')]))
  expectTruthful(opened)
  // What came of calls is no place to go back to.
  expect(opened.warm.held.rows.map(({ uuid }) => uuid !== undefined)).toEqual([true, false, false, false, true, false])
})

test('[FN4] [FN7] calls are named for what offers the functions, so other functions have them told anew', async () => {
  const opened = await openWarm()
  const history = [user('x'), assistant('y'), ...CALLED]
  await opened.turn({ functions: [WEATHER], turns: history, ask: user('e') })
  await opened.turn({ functions: [WEATHER, CLOCK], turns: history, ask: user('f') })
  expect(comparable(opened.cli.asked[1]?.messages ?? [])).toEqual(comparable([...history, user('f')]))
  const names = opened.cli.lines.flatMap((line) => JSON.stringify(line).match(/mcp__[\da-f]{12}__weather/g) ?? [])
  expect(names).toEqual(NAMES)
  expectTruthful(opened)
})

test('[FN6] a function is chosen under the name that it is offered by, each time that changes', async () => {
  const opened = await openWarm()
  const settings = { ...WANTED.settings, choice: { of: { name: 'weather' }, parallel: true } }
  await opened.turn({ functions: [WEATHER], settings, ask: user('a') })
  await opened.turn({ functions: [WEATHER, CLOCK], settings, ask: user('b') })
  const chosen = opened.cli.lines.flatMap((line) => JSON.stringify(line).match(/mcp__[\da-f]{12}__weather/g) ?? [])
  expect(chosen).toEqual(NAMES)
  expect(opened.cli.asked.map((told) => told.settings)).toEqual([settings, settings])
})

test('[IM1] a message with a picture is told by itself among those that are told in bulk, and can be rewound to', async () => {
  const opened = await openWarm()
  const history = [user('a'), assistant('b'), user('c'), withPicture('look'), assistant('d'), user('e'), assistant('f')]
  await opened.turn({ turns: history, ask: user('g') })
  expect(opened.cli.asked[0]?.messages).toEqual([...history, user('g')])
  expect(opened.warm.held.rows.map(({ uuid }) => uuid !== undefined)).toEqual([
    true,
    false,
    false,
    true,
    false,
    false,
    false,
    true,
    false,
  ])
  expectTruthful(opened)
  const before = opened.cli.lines.length
  await opened.turn({ turns: history.slice(0, 3), ask: user('h') })
  expect(opened.cli.lines.slice(before).map(({ type }) => type)).toEqual(['control_request', 'user'])
  expect(opened.cli.asked[1]?.messages).toEqual([...history.slice(0, 3), user('h')])
})

test.each(['bulk', 'steps'] as const)(
  '[FN3] a turn that calls ends by itself, without an interrupt, and leaves nothing (%s)',
  async (replay) => {
    const opened = await openWarm({
      abilities: { replay },
      answer: (_, index) => (index === 0 ? callsOnce('weather', '{"city":"X"}') : answers('yes')),
    })
    await opened.request({ functions: [WEATHER], turns: HISTORY, ask: user('e') })
    for (;;) {
      const message = await opened.warm.next(NEVER)
      if (message.type === 'answer-end') break
    }
    await opened.warm.settle({ said: '', whole: false, ms: SETTLE_MS })
    expect(
      opened.cli.lines.filter(({ request }) => (request as { subtype?: string } | undefined)?.subtype === 'interrupt'),
    ).toEqual([])
    expect(opened.observer.of('turn-interrupted')).toEqual([])
    expect(opened.warm.held.rows).toMatchObject(HISTORY)
    expectTruthful(opened)
    // What was called comes back with what came of it, in the client's words.
    const called = [...HISTORY, user('e'), calling('', ['id', 'weather', { city: 'X' }])]
    await opened.turn({ functions: [WEATHER], turns: called, ask: resulting(['id', 'rain']) })
    expect(comparable(opened.cli.asked[1]?.messages ?? [])).toEqual(comparable([...called, resulting(['id', 'rain'])]))
    expectTruthful(opened)
  },
)

test('[FN3] a turn that calls is waited for where it has not come to its end, also by a process that cannot be interrupted', async () => {
  const opened = await openWarm({
    abilities: { interrupt: false },
    answer: () => [begins(), ...calls('weather', '{}'), stops('tool_use')],
  })
  await opened.request({ functions: [WEATHER], ask: user('a') })
  while ((await opened.warm.next(NEVER)).type !== 'answer-end');
  const settling = opened.warm.settle({ said: '', whole: false, ms: SETTLE_MS })
  await opened.clock.advance(SETTLE_MS - 1)
  expect(opened.warm.held.rows).toEqual([])
  opened.cli.print(result({ subtype: 'error_max_turns', is_error: true }))
  await settling
  expectTruthful(opened)
})

test('[FN3] what the CLI calls is answered at once, and a call that is left in the middle is interrupted', async () => {
  const opened = await openWarm({ answer: () => callsOnce('weather', '{}') })
  await opened.request({ functions: [WEATHER], ask: user('a') })
  await opened.hear()
  await opened.warm.settle({ said: '', whole: false, ms: SETTLE_MS })
  expect(opened.cli.lines.filter(({ type }) => type === 'control_response').at(-1)).toMatchObject({
    response: { subtype: 'success', response: { mcp_response: { id: 7, result: { content: [{ type: 'text' }] } } } },
  })
  const left = await openWarm({ answer: () => [begins(), ...calls('weather', '{"ci')] })
  await left.request({ functions: [WEATHER], ask: user('a') })
  await left.warm.next(NEVER)
  await left.warm.settle({ said: '', whole: false, ms: SETTLE_MS })
  expect(left.observer.of('turn-interrupted')).toMatchObject([{ recovered: true }])
  expectTruthful(left)
})

test('[FN4] an answer to what came of calls is kept like any other', async () => {
  const opened = await openWarm()
  const before = [user('a'), calling('', ['c1', 'weather'])]
  await opened.turn({ functions: [WEATHER], turns: before, ask: resulting(['c1', 'rain']) })
  expect(comparable(opened.warm.held.rows)).toEqual(
    comparable([...before, resulting(['c1', 'rain']), assistant('yes')]),
  )
  expect(opened.warm.held.rows.map(({ uuid }) => uuid !== undefined)).toEqual([true, false, false, false])
  expectTruthful(opened)
  const lines = opened.cli.lines.length
  const turns = [...before, resulting(['c1', 'rain']), assistant('yes')]
  await opened.turn({ functions: [WEATHER], turns, ask: user('b') })
  expect(opened.cli.lines.slice(lines)).toMatchObject([{ type: 'user' }])
})

test.each(['bulk', 'steps'] as const)(
  '[WP5] [FN4] a question of what came of calls that is broken off is taken back with the message that led to the calls (%s)',
  async (replay) => {
    const opened = await openWarm({
      abilities: { replay },
      answer: (_, index) => (index === 1 ? [begins(), says('it rai')] : answers('yes')),
    })
    await opened.turn({ ask: user('x') })
    const before = [user('x'), assistant('yes'), user('a'), calling('', ['c1', 'weather'])]
    await opened.request({ functions: [WEATHER], turns: before, ask: resulting(['c1', 'rain']) })
    await opened.warm.next(NEVER)
    await opened.warm.next(NEVER)
    await opened.warm.settle({ said: 'it', whole: false, ms: SETTLE_MS })
    expect(opened.observer.of('turn-interrupted')).toMatchObject([{ recovered: true }])
    expectTruthful(opened)
    // No results are left without their calls.
    expect(opened.warm.held.rows).toMatchObject(replay === 'steps' ? [user('x'), assistant('yes')] : [])
    expect(opened.cli.messages.some(({ blocks }) => blocks?.some(({ type }) => type === 'result'))).toBe(false)
    const turns = [...before, resulting(['c1', 'rain']), assistant('it')]
    await opened.turn({ functions: [WEATHER], turns, ask: user('b') })
    expect(comparable(opened.cli.asked[2]?.messages ?? [])).toEqual(comparable([...turns, user('b')]))
    expectTruthful(opened)
  },
)

test('[WP5] [FN4] a question of what came of calls that is withdrawn before the model began leaves what was before it', async () => {
  const opened = await openWarm({ answer: (_, index) => (index === 0 ? [] : answers('yes')) })
  const before = [user('a'), calling('', ['c1', 'weather'])]
  await opened.request({ functions: [WEATHER], turns: before, ask: resulting(['c1', 'rain']) })
  await opened.warm.settle({ said: '', whole: false, ms: SETTLE_MS })
  expect(comparable(opened.warm.held.rows)).toEqual(comparable(before))
  expectTruthful(opened)
})

test('[WP5] [FN4] a conversation whose first answer is to what came of calls, broken off, begins anew and rightly', async () => {
  const opened = await openWarm({
    abilities: { replay: 'steps', rewind: 'steps' },
    answer: (_, index) => (index === 0 ? [begins(), says('it rai')] : answers('yes')),
  })
  const before = [user('a'), calling('', ['c1', 'weather'])]
  await opened.request({ functions: [WEATHER], turns: before, ask: resulting(['c1', 'rain']) })
  for (let heard = 0; heard < 2; heard++) await opened.warm.next(NEVER)
  await opened.warm.settle({ said: 'it', whole: false, ms: SETTLE_MS })
  const turns = [...before, resulting(['c1', 'rain']), assistant('it')]
  await opened.turn({ functions: [WEATHER], turns, ask: user('b') })
  expect(comparable(opened.cli.asked[1]?.messages ?? [])).toEqual(comparable([...turns, user('b')]))
})

test('[WP20] a process leaves its seed behind before it is asked anything', async () => {
  const { turn, cli } = await openWarm({ abilities: { environmentNote: 'removable' } })
  await turn({ ask: user('one') })
  expect(cli.asked.map(({ messages }) => messages)).toEqual([[user('one')]])
})

test('[WP20] a change of the model leaves no note and no boundary where a note of the machine is kept out', async () => {
  const { turn, cli } = await openWarm({ abilities: { environmentNote: 'removable' } })
  await turn({ ask: user('one') })
  await turn({ model: 'haiku', ask: user('two') })
  await turn({ model: 'sonnet', turns: [user('a'), assistant('b')], ask: user('three') })
  expect(cli.asked.map(({ model, messages }) => [model, messages])).toEqual([
    ['sonnet', [user('one')]],
    ['haiku', [user('two')]],
    ['sonnet', [user('a'), assistant('b'), user('three')]],
  ])
  expect(cli.lines.filter(({ type }) => type === 'system')).toEqual([])
})
