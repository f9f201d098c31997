import { expect, test } from 'vitest'
import { answers, begins, calls, result, says, stops, type Printed } from '../../../test/support/kept-cli.ts'
import { assistant, NEVER, openWarm, SETTLE_MS, user, type OpenWarm } from '../../../test/support/open-warm.ts'
import { LineTooLongError } from '../../lib/index.ts'
import { ProcessLostError } from './dialogue.ts'

const HISTORY = [user('a'), assistant('b'), user('c'), assistant('d')]
/** How long a step may take to be answered. */
const ANSWER_MS = 5000

interface Answer {
  readonly type: 'control_response'
  readonly response: { readonly request_id: string; readonly subtype: string; readonly response?: object }
}
const isAnswer = (message: object): message is Answer => 'type' in message && message.type === 'control_response'
const isRewind = (message: object): message is Answer =>
  isAnswer(message) && 'rewound' in (message.response.response ?? {})

const refused = ({ response }: Answer): object => ({
  type: 'control_response',
  response: { subtype: 'error', request_id: response.request_id, error: 'not now' },
})

const expectLost = async (promise: Promise<unknown>, why: RegExp): Promise<void> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ProcessLostError)
  expect((error as Error).message).toMatch(why)
}

/** Looks whether a promise has settled, however it did. */
const watch = (promise: Promise<unknown>): (() => boolean) => {
  let isSettled = false
  const note = (): void => {
    isSettled = true
  }
  promise.then(note, note)
  return () => isSettled
}

/** One that holds a history and is asked something else. */
const openHolding = async (options: Parameters<typeof openWarm>[0] = {}): Promise<OpenWarm> => {
  const opened = await openWarm(options)
  await opened.turn({ turns: HISTORY, ask: user('e') })
  return opened
}

test('[WP4] a process that refuses a rewind is lost, though it calls the refusal a success', async () => {
  const opened = await openHolding({
    tamper: (message) =>
      isRewind(message)
        ? [{ ...message, response: { ...message.response, response: { rewound: false, error: 'stale target' } } }]
        : [message],
  })
  await expectLost(opened.request({ turns: [user('x'), assistant('y')] }), /stale target/)
  expect(opened.cli.asked).toHaveLength(1)
})

test.each([
  ['a rewind', { turns: [] }],
  [
    'other settings',
    { turns: [...HISTORY, user('e'), assistant('yes')], settings: { maxOutputTokens: 5, reasoning: 'low' } },
  ],
  ['another system prompt', { turns: [...HISTORY, user('e'), assistant('yes')], system: 'T' }],
  ['another model', { turns: [], model: 'haiku' }],
] as const)(
  '[WP4] a process that answers %s with an error is lost before a word of its turn is heard',
  async (_, wanted) => {
    let refuses = false
    const opened = await openHolding({
      tamper: (message) => [refuses && isAnswer(message) ? refused(message) : message],
    })
    refuses = true
    await expectLost(
      opened.request(wanted).then(() => opened.warm.next(NEVER)),
      /refused a request: not now/,
    )
  },
)

test('[WP4] a process that does not confirm in time what it was told is lost', async () => {
  const opened = await openHolding({ tamper: (message) => (isRewind(message) ? [] : [message]) })
  const lost = expectLost(opened.request({ turns: [] }), /did not answer within 5000 ms/)
  await opened.clock.untilArmed(ANSWER_MS)
  await opened.clock.advance(ANSWER_MS)
  await lost
})

test('[WP4] a process that does not become ready in time is lost', async () => {
  let silent = false
  const opened = await openWarm({ tamper: (message) => (silent ? [] : [message]) })
  silent = true
  const setting = { type: 'set', settings: { maxOutputTokens: 5, reasoning: 'low' } } as const
  for (const ready of [() => opened.warm.ping({ ms: 300 }), () => opened.warm.prepare([setting], { ms: 300 })]) {
    const lost = expectLost(ready(), /did not answer within 300 ms/)
    await opened.clock.untilArmed(300)
    await opened.clock.advance(300)
    await lost
  }
})

test('[WP4] a process that asks the model before it has confirmed what it was told is lost', async () => {
  let silent = false
  const opened = await openWarm({ tamper: (message) => (silent && isAnswer(message) ? [] : [message]) })
  silent = true
  await opened.request({ settings: { maxOutputTokens: 5, reasoning: 'low' } })
  await expectLost(opened.warm.next(NEVER), /has not confirmed/)
})

test('[WP4] answers may come in another order than the requests', async () => {
  const kept: object[] = []
  let keeps = false
  const opened = await openWarm({
    answer: () => [
      () => {
        keeps = false
        opened.cli.print(...kept.toReversed())
      },
      ...answers('yes'),
    ],
    tamper: (message) => {
      if (!keeps) return [message]
      kept.push(message)
      return []
    },
  })
  keeps = true
  await opened.turn({ system: 'T', settings: { maxOutputTokens: 5, reasoning: 'low' } })
  expect(kept).toHaveLength(2)
  expect(opened.warm.held).toMatchObject({ system: 'T', settings: { maxOutputTokens: 5 } })
})

test('[WP4] an answer to what nobody asked changes nothing', async () => {
  const stray = { type: 'control_response', response: { subtype: 'error', request_id: 'never', error: 'no' } }
  const opened = await openWarm({ answer: () => [stray, ...answers('yes')] })
  await opened.turn({ ask: user('a') })
  expect(opened.warm.held.rows).toMatchObject([user('a'), assistant('yes')])
})

test('[WP4] a process that does not take an earlier message is lost', async () => {
  const opened = await openWarm({
    tamper: (message) => ['num_turns' in message ? result({ is_error: true, result: 'no room' }) : message],
  })
  await expectLost(opened.request({ turns: HISTORY }), /did not take an earlier message: no room/)
})

test('[WP4] a process that never acknowledges an earlier message is lost', async () => {
  const opened = await openWarm({ tamper: (message) => ('num_turns' in message ? [] : [message]) })
  const lost = expectLost(opened.request({ turns: HISTORY }), /did not answer within 5000 ms/)
  await opened.clock.untilArmed(ANSWER_MS)
  await opened.clock.advance(ANSWER_MS)
  await lost
})

test.each<readonly [string, (opened: OpenWarm) => Promise<unknown>]>([
  ['while it replays', ({ request }) => request({ turns: HISTORY })],
  ['while it is prepared', ({ warm }) => warm.ping({ ms: SETTLE_MS })],
])('[WP4] a process that ends %s is lost', async (_, doing) => {
  let ends = false
  const opened = await openWarm({ tamper: (message) => (ends ? [() => opened.cli.die()] : [message]) })
  ends = true
  await expectLost(doing(opened), /it has ended/)
  // However often it is asked.
  await expectLost(opened.warm.next(NEVER), /it has ended/)
})

test('[WP4] a process that ends in the middle of an answer is lost, with what it said heard before', async () => {
  const opened = await openWarm({ answer: () => [begins(), says('half'), () => opened.cli.die()] })
  await opened.request({ ask: user('a') })
  expect(await opened.warm.next(NEVER)).toMatchObject({ type: 'answer-start' })
  expect(await opened.warm.next(NEVER)).toEqual({ type: 'text', text: 'half' })
  await expectLost(opened.warm.next(NEVER), /it has ended/)
  await expectLost(opened.warm.settle({ said: 'half', whole: false, ms: SETTLE_MS }), /it has ended/)
  expect(opened.observer.of('turn-interrupted')).toMatchObject([{ recovered: false }])
})

test('[WP4] a process that prints more than can be read is lost', async () => {
  const opened = await openWarm({ answer: () => [begins(), new LineTooLongError('long')] })
  await opened.request({ ask: user('a') })
  await opened.warm.next(NEVER)
  await expectLost(opened.warm.next(NEVER), /more than can be read/)
})

const interrupted: readonly (readonly [string, RegExp, (message: object, opened: OpenWarm) => readonly Printed[]])[] = [
  ['ends', /it has ended/, (_, { cli }) => [() => cli.die()]],
  ['refuses it', /refused a request/, (message) => [isAnswer(message) ? refused(message) : message]],
]
test.each(interrupted)('[WP4] [WP5] a process that is interrupted and %s is lost', async (_, why, becomes) => {
  let tampers = false
  const opened = await openWarm({
    answer: () => [begins(), says('half')],
    tamper: (message) => (tampers ? becomes(message, opened) : [message]),
  })
  await opened.request({ ask: user('a') })
  tampers = true
  await expectLost(opened.warm.settle({ said: 'half', whole: false, ms: SETTLE_MS }), why)
  expect(opened.observer.of('turn-interrupted')).toMatchObject([{ recovered: false }])
})

test('[WP5] [WP6] a process that is interrupted and does not come to rest in time is lost', async () => {
  let tampers = false
  const opened = await openWarm({
    answer: () => [begins(), says('half')],
    tamper: (message) => (tampers && 'type' in message && message.type === 'result' ? [] : [message]),
  })
  await opened.request({ ask: user('a') })
  tampers = true
  const settling = opened.warm.settle({ said: 'half', whole: false, ms: SETTLE_MS })
  const isSettled = watch(settling)
  const lost = expectLost(settling, /within 1000 ms/)
  // It may say what it likes meanwhile.
  await opened.clock.advance(SETTLE_MS / 2)
  opened.cli.print(says(' more'))
  await opened.clock.advance(SETTLE_MS / 2 - 1)
  expect(isSettled()).toBe(false)
  await opened.clock.advance(1)
  await lost
  await opened.warm.stop('doubt')
  expect(opened.observer.of('turn-interrupted')).toEqual([
    { type: 'turn-interrupted', pid: opened.warm.pid, ms: SETTLE_MS, recovered: false },
  ])
})

test('[WP4] a process that will not take its question back is lost', async () => {
  const opened = await openWarm({
    answer: () => [begins(), says('half')],
    tamper: (message) => [isRewind(message) ? refused(message) : message],
  })
  await opened.request({ ask: user('a') })
  await expectLost(opened.warm.settle({ said: 'half', whole: false, ms: SETTLE_MS }), /refused a request/)
})

test('[WP9] a turn that is broken off costs a process that cannot be interrupted, or not rewound', async () => {
  const lasting = await openWarm({ abilities: { interrupt: false }, answer: () => [begins(), says('half')] })
  await lasting.request({ ask: user('a') })
  await expectLost(lasting.warm.settle({ said: 'half', whole: false, ms: SETTLE_MS }), /cannot be ended/)
  const fixed = await openWarm({ abilities: { rewind: 'none' }, answer: () => [begins(), says('half')] })
  await fixed.request({ ask: user('a') })
  await expectLost(fixed.warm.settle({ said: 'half', whole: false, ms: SETTLE_MS }), /cannot be taken back/)
  // A whole answer costs none of them anything.
  const whole = await openWarm({ abilities: { interrupt: false, rewind: 'none' } })
  await whole.turn({ ask: user('a') })
  expect(whole.warm.held.rows).toMatchObject([user('a'), assistant('yes')])
})

test('[WP6] a turn can be left though the process reads nothing of what it is told', async () => {
  const opened = await openWarm()
  opened.cli.stall()
  const abort = new AbortController()
  const isSettled = watch(opened.request({ ask: user('a'.repeat(1_000_000)) }, abort.signal))
  abort.abort(new Error('left'))
  await opened.clock.advance(60_000)
  expect(isSettled()).toBe(true)
})

test('[WP6] a process that reads nothing of what it is told to come to rest does not come to rest in time', async () => {
  const opened = await openWarm({ answer: () => [begins(), says('half')] })
  await opened.request({ ask: user('a') })
  opened.cli.stall()
  const isSettled = watch(opened.warm.settle({ said: 'half', whole: false, ms: SETTLE_MS }))
  await opened.clock.advance(SETTLE_MS)
  expect(isSettled()).toBe(true)
})

test('[WP6] coming to rest is limited as a whole, not step by step', async () => {
  let tampers = false
  const opened = await openWarm({
    answer: () => [begins(), says('half')],
    tamper: (message) => (tampers && isRewind(message) ? [] : [message]),
  })
  await opened.request({ ask: user('a') })
  tampers = true
  const isSettled = watch(opened.warm.settle({ said: 'half', whole: false, ms: SETTLE_MS }))
  await opened.clock.advance(SETTLE_MS)
  expect(isSettled()).toBe(true)
})

test('[WP6] a process that asks something of us and does not read the answer harms nobody else', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.prependListener('unhandledRejection', note)
  const opened = await openWarm({ answer: () => [begins()] })
  await opened.request({ ask: user('a') })
  opened.cli.stall()
  opened.cli.print({ type: 'control_request', request_id: 'r', request: { subtype: 'can_use_tool' } }, says('yes'))
  expect(await opened.warm.next(NEVER)).toMatchObject({ type: 'answer-start' })
  expect(await opened.warm.next(NEVER)).toEqual({ type: 'text', text: 'yes' })
  await opened.clock.advance(60_000)
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

const WEATHER = { name: 'weather', description: '', parameters: { type: 'object' } }

test('[WP4] [FN7] a process that does not take the functions is lost before a word of its turn is heard', async () => {
  let refuses = false
  const opened = await openWarm({
    tamper: (message) => [refuses && isAnswer(message) ? refused(message) : message],
  })
  refuses = true
  await expectLost(
    opened.request({ functions: [WEATHER] }).then(() => opened.warm.next(NEVER)),
    /refused a request: not now/,
  )
})

test('[WP4] [FN7] a process that asks the model before it knows its functions is lost', async () => {
  let silent = false
  const opened = await openWarm({ tamper: (message) => (silent && isAnswer(message) ? [] : [message]) })
  silent = true
  await opened.request({ functions: [WEATHER] })
  await expectLost(opened.warm.next(NEVER), /has not confirmed/)
})

test('[WP6] [FN3] a turn that calls and does not come to its end in time costs its process', async () => {
  const opened = await openWarm({ answer: () => [begins(), ...calls('weather', '{}'), stops('tool_use')] })
  await opened.request({ functions: [WEATHER], ask: user('a') })
  while ((await opened.warm.next(NEVER)).type !== 'answer-end');
  const lost = expectLost(opened.warm.settle({ said: '', whole: false, ms: SETTLE_MS }), /within 1000 ms/)
  await opened.clock.advance(SETTLE_MS)
  await lost
})

test('[WP4] [FN7] a process that could not be made acquainted with the functions is lost, though it calls that a success', async () => {
  let fails = false
  const opened = await openWarm({
    tamper: (message) =>
      fails && isAnswer(message)
        ? [{ ...message, response: { ...message.response, response: { added: [], removed: [], errors: { a: 'no' } } } }]
        : [message],
  })
  fails = true
  await expectLost(
    opened.request({ functions: [WEATHER] }).then(() => opened.warm.next(NEVER)),
    /refused a request/,
  )
})

test('[WP20] [WP4] a process that does not leave its seed behind is lost', async () => {
  const opening = openWarm({
    abilities: { environmentNote: 'removable' },
    tamper: (message) => (isRewind(message) ? [refused(message)] : [message]),
  })
  await expectLost(opening, /not now/)
})
