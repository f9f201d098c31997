import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { answered, begun, calledOnce, ended, forever, said, type Heard } from '../../../test/support/fake-pool.ts'
import { lost, openWarmEngine, saying } from '../../../test/support/open-warm-engine.ts'
import type { TurnRequest } from '../../core/index.ts'

test.each<readonly [string, readonly Heard[], Partial<TurnRequest>, object, string]>([
  [
    'at its limit',
    [begun, said('one two'), ended('max_tokens')],
    { maxOutputTokens: 2 },
    { reason: 'length' },
    'one two',
  ],
  ['at a stop text', [begun, said('one END two')], { stopTexts: ['END'] }, { reason: 'stop-text' }, 'one '],
  ['with a refusal', [begun, said('I'), ended('refusal')], {}, { reason: 'refusal' }, 'I'],
  ['with a refusal at once', [begun, ended('refusal')], {}, { reason: 'refusal' }, ''],
])(
  '[WP5] [CC8] [CC12] an answer that ends %s is given back as far as it was delivered',
  async (_, heard, request, end, answer) => {
    const { hear, leases } = saying(...heard)
    const { events } = await hear(request)
    expect(events.at(-1)).toMatchObject({ type: 'turn-end', answer, ...end })
    expect(events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])).join('')).toBe(answer)
    expect(leases[0]?.released).toEqual([{ said: answer, whole: false }])
  },
)

test('[WP5] a process is given back before the end of its answer is told', async () => {
  const { run, leases } = saying(begun, said('one'), ended('max_tokens'))
  const events = run()
  await events.next()
  expect(leases[0]?.released).toEqual([])
  expect(await events.next()).toMatchObject({ value: { type: 'turn-end', reason: 'length' } })
  expect(leases[0]?.released).toEqual([{ said: 'one', whole: false }])
})

test('[WP5] a client that leaves gives its process back with what was delivered', async () => {
  const { run, leases, leaving } = saying(begun, said('one '), said('two '), forever)
  const events = run()
  await events.next()
  await events.next()
  const waiting = events.next()
  const reason = new Error('left')
  leaving.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(leases[0]?.released).toEqual([{ said: 'one two ', whole: false }])
})

test('[WP5] a reader that takes no more gives the process back with what it took', async () => {
  const { run, leases } = saying(begun, said('one '), said('two '))
  const events = run()
  await events.next()
  await events.return?.()
  expect(leases[0]?.released).toEqual([{ said: 'one ', whole: false }])
  // It was not read on behind his back.
  expect(leases[0]?.taken).toBe(2)
})

test('[WP5] a client that leaves while its process is made ready gives it back with nothing said', async () => {
  const { hear, leases, leaving } = openWarmEngine([{ perform: forever }])
  const turn = hear()
  const reason = new Error('left')
  leaving.abort(reason)
  expect((await turn).error).toBe(reason)
  expect(leases[0]?.released).toEqual([{ said: '', whole: false }])
})

test('[WP4] [CA3] a client that has left gets no second process, though the first was lost', async () => {
  const reason = new Error('left')
  const leaves = async (): Promise<never> => {
    leaving.abort(reason)
    throw lost
  }
  const { hear, leases, leaving } = openWarmEngine([{ messages: [begun, leaves] }, { messages: answered('yes') }])
  expect((await hear()).error).toBe(reason)
  expect(leases.map(({ released }) => released)).toEqual([[{ said: '', whole: false, lost: 'doubt' }]])
})

test('[WP4] [WP5] a second process that is left is not given back as lost, though the first was', async () => {
  const { hear, leases, leaving } = openWarmEngine([{ messages: [lost] }, { perform: forever }])
  const turn = hear()
  for (; leases.length < 2;) await setImmediate()
  leaving.abort(new Error('left'))
  await turn
  expect(leases.map(({ released }) => released)).toEqual([
    [{ said: '', whole: false, lost: 'doubt' }],
    [{ said: '', whole: false }],
  ])
})

test.each<readonly [string, readonly Heard[], number, string]>([
  ['first-token', [], 1000, 'The model did not begin to answer in time.'],
  ['token-gap', [begun, said('one')], 500, 'The model stopped in the middle of its answer.'],
])(
  '[WP6] [WP13] [ER8] a turn that passes its limit %s is a timeout, and its process is ended',
  async (_, heard, ms, message) => {
    const { hear, leases, clock } = saying(...heard)
    const turn = hear()
    await clock.untilArmed(ms)
    await clock.advance(0)
    await clock.advance(ms - 1)
    expect(leases[0]?.released).toEqual([])
    await clock.advance(1)
    const { events, error } = await turn
    const last = events.at(-1)
    const failure = error ?? (last?.type === 'turn-failed' ? last.error : undefined)
    expect(failure).toMatchObject({ code: 'timeout', message })
    expect(leases).toHaveLength(1)
    expect(leases[0]?.released).toEqual([{ said: '', whole: false, lost: 'deadline' }])
  },
)

test('[WP6] [ER8] a limit that passes while the process is made ready is a timeout too', async () => {
  const { hear, leases, clock } = openWarmEngine([{ perform: forever }])
  const turn = hear()
  await clock.untilArmed(1000)
  await clock.advance(1000)
  expect((await turn).error).toMatchObject({ code: 'timeout' })
  expect(leases[0]?.released).toEqual([{ said: '', whole: false, lost: 'deadline' }])
})

test('[WP6] [ER8] a turn that goes on for too long is a timeout, however lively it is', async () => {
  const { clock, run, leases } = saying(
    begun,
    ...Array.from({ length: 100 }, (_, index) => [async () => await clock.advance(400), said(`${index} `)]).flat(),
  )
  const events = run()
  for (;;) {
    const { value } = await events.next()
    if (value.type !== 'turn-failed') continue
    expect(value.error).toMatchObject({ code: 'timeout', message: 'The answer was not done in time.' })
    break
  }
  expect(leases[0]?.released).toEqual([{ said: '', whole: false, lost: 'deadline' }])
})

test('[ER8] a model that thinks for long is waited for as long as it shows signs of life', async () => {
  const thinks = Array.from({ length: 8 }, () => [
    async () => await clock.advance(400),
    { type: 'activity' } as const,
  ]).flat()
  const { hear, clock, leases } = saying(begun, ...thinks, ...answered('one').slice(1))
  expect((await hear()).events.at(-1)).toMatchObject({ type: 'turn-end', answer: 'one' })
  expect(leases[0]?.released).toEqual([{ said: 'one', whole: true }])
})

test('[ER8] a reader who takes his time is no silence of the model', async () => {
  const { run, clock, leases } = saying(...answered('one'))
  const events = run()
  await events.next()
  await clock.advance(9000)
  expect(await events.next()).toMatchObject({ value: { type: 'turn-end' } })
  expect(leases[0]?.released).toEqual([{ said: 'one', whole: true }])
})

test('[AD3] waiting for a process does not count towards the limits of a turn', async () => {
  const free = Promise.withResolvers<void>()
  const { hear, clock, observer } = openWarmEngine([{ messages: answered('one'), freeAfter: free.promise }])
  const turn = hear()
  await clock.advance(60_000)
  free.resolve()
  expect((await turn).events.at(-1)).toMatchObject({ type: 'turn-end', answer: 'one' })
  expect(observer.of('turn-aligned')).toMatchObject([{ ms: 60_000 }])
  expect(clock.armed).toBe(0)
})

const FUNCTIONS = { offered: [{ name: 'f', description: '', parameters: {} }], choice: 'auto', parallel: true } as const

test('[WP5] [FN2] a client that leaves in the middle of a call gives its process back with what was said before', async () => {
  const { run, leases, leaving } = saying(begun, said('one '), ...calledOnce('f', '{"a"').slice(0, 2), forever)
  const events = run({ functions: FUNCTIONS })
  for (let heard = 0; heard < 3; heard++) await events.next()
  const waiting = events.next()
  const reason = new Error('left')
  leaving.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(leases[0]?.released).toEqual([{ said: 'one ', whole: false }])
})

test('[ER8] [FN2] a model that makes a long call is waited for as long as it goes on, and no reader is hurried', async () => {
  const [start, , end] = calledOnce('f', '')
  const pieces = Array.from({ length: 8 }, (): readonly Heard[] => [
    async () => await clock.advance(400),
    { type: 'call-delta', arguments: ' ' },
  ]).flat()
  const heard = [start, ...pieces, end, ended('tool_use')].filter((one) => one !== undefined)
  const { run, clock } = saying(begun, ...heard)
  const events = run({ functions: FUNCTIONS })
  await events.next()
  await clock.advance(6000)
  for (;;) {
    const { value } = await events.next()
    if (value?.type !== 'call-delta') {
      expect(value).toMatchObject({ type: 'turn-end', reason: 'calls' })
      return
    }
  }
})
