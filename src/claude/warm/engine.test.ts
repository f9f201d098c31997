import { expect, test } from 'vitest'
import {
  answered,
  begun,
  createFakePool,
  ended,
  resulted,
  said,
  type Heard,
  type Play,
} from '../../../test/support/fake-pool.ts'
import { ABLE } from '../../../test/support/histories.ts'
import { createManualClock } from '../../../test/support/manual-clock.ts'
import { createRecordingObserver } from '../../../test/support/recording-observer.ts'
import { createScriptedEngine, says } from '../../../test/support/scripted-engine.ts'
import { GatewayError, type Agent, type TurnEvent, type TurnRequest } from '../../core/index.ts'
import type { Abilities } from './abilities.ts'
import { createWarmEngine } from './engine.ts'
import { freshHeld } from './start.ts'
import { ProcessLostError } from './warm-process.ts'

const TALKER: Agent = { name: 'talker', description: '', prompt: 'Persona.', tools: [] }
const DOER: Agent = { ...TALKER, name: 'doer', tools: ['Read'] }

const requestOf = (rest: Partial<TurnRequest> = {}): TurnRequest => ({
  tenant: 'a',
  agent: TALKER,
  model: 'sonnet',
  history: [{ role: 'user', text: 'hello' }],
  limits: { firstTokenMs: 1000, tokenGapMs: 500, turnMs: 10_000 },
  ...rest,
})

const lost = new ProcessLostError('it has ended')

function open(plays: readonly (Play | Error)[], abilities: Partial<Abilities> = {}) {
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const fallback = createScriptedEngine(() => says('from a process of its own'))
  const { pool, leases } = createFakePool(plays)
  const able = { ...ABLE, ...abilities }
  const engine = createWarmEngine({
    pool,
    abilities: able,
    fresh: freshHeld({ model: 'sonnet', abilities: able }),
    persona: 'prepend',
    fallback,
    clock,
    observer,
  })
  const leaving = new AbortController()
  const run = (request: Partial<TurnRequest> = {}): AsyncIterator<TurnEvent> =>
    engine.run(requestOf(request), { signal: leaving.signal })[Symbol.asyncIterator]()
  /** Hears a turn out: its events, and what it threw. */
  const hear = async (request: Partial<TurnRequest> = {}) => {
    const events: TurnEvent[] = []
    try {
      for await (const event of engine.run(requestOf(request), { signal: leaving.signal })) events.push(event)
    } catch (error) {
      return { events, error }
    }
    return { events, error: undefined }
  }
  return { clock, observer, fallback, leases, leaving, run, hear }
}

/** One process that says this. */
const saying = (...messages: readonly Heard[]) => open([{ messages }])

test('a turn streams what its process says, and gives it back with the whole answer', async () => {
  const { hear, leases, observer } = saying(begun, said('one '), said('two'), ended('end_turn'), resulted())
  const { events } = await hear()
  expect(events).toMatchObject([
    { type: 'text-delta', text: 'one ' },
    { type: 'text-delta', text: 'two' },
    { type: 'turn-end', reason: 'end', answer: 'one two', costUsd: 0.25 },
  ])
  expect(leases[0]?.released).toEqual([{ said: 'one two', whole: true }])
  expect(observer.of('turn-aligned')).toEqual([
    { type: 'turn-aligned', pid: 2001, kind: 'fresh', steps: ['set-system', 'ask'], ms: 0, waitedMs: 7 },
  ])
})

test('[WP1] [WP7] [WP3] what is wanted is the tenant’s history with its persona, model, limit and effort', async () => {
  const { hear, leases } = open([{ messages: answered('x') }])
  await hear({
    tenant: 'b',
    model: 'haiku',
    history: [
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'one' },
      { role: 'assistant', text: 'two' },
      { role: 'user', text: 'three' },
    ],
    maxOutputTokens: 50,
    reasoning: 'low',
  })
  expect(leases[0]).toMatchObject({
    tenant: 'b',
    wanted: {
      system: 'Persona.\n\nBe brief.',
      model: 'haiku',
      settings: { maxOutputTokens: 50, reasoning: 'low' },
      turns: [
        { role: 'user', text: 'one' },
        { role: 'assistant', text: 'two' },
      ],
      ask: 'three',
    },
  })
})

test.each<readonly [string, Partial<TurnRequest>, Partial<Abilities>]>([
  ['a doer’s turn', { agent: DOER }, {}],
  ['an answer to a schema', { outputSchema: { type: 'object' } }, {}],
  ['a limit that cannot be set in a process that is kept', { maxOutputTokens: 5 }, { liveSettings: false }],
  ['an effort that cannot', { reasoning: 'high' }, { liveSettings: false }],
])('[WP11] [WP9] %s has a process of its own', async (_, request, abilities) => {
  const { hear, leases, fallback, observer } = open([], abilities)
  const { events } = await hear(request)
  expect(events.at(-1)).toMatchObject({ type: 'turn-end', answer: 'from a process of its own' })
  expect(fallback.runs[0]?.request).toMatchObject(request)
  expect(leases).toEqual([])
  expect(observer.of('turn-aligned')).toEqual([{ type: 'turn-aligned', kind: 'cold', steps: [], ms: 0, waitedMs: 0 }])
})

test.each<readonly [string, Play]>([
  ['before it was asked', { perform: lost }],
  ['before the model began', { messages: [lost] }],
  ['before it said anything', { messages: [begun, { type: 'activity' }, lost] }],
])('[WP4] a process that is lost %s costs nothing: another one takes the turn', async (_, play) => {
  const { hear, leases } = open([play, { messages: answered('yes') }])
  const { events } = await hear()
  expect(events).toMatchObject([{ text: 'yes' }, { type: 'turn-end', answer: 'yes' }])
  expect(leases.map(({ released }) => released)).toEqual([
    [{ said: '', whole: false, lost: 'doubt' }],
    [{ said: 'yes', whole: true }],
  ])
  expect(leases[0]?.stops).toEqual(['doubt'])
})

test('[WP4] another process is tried once, not for ever', async () => {
  const { hear, leases } = open([{ messages: [lost] }, { messages: [lost] }, { messages: answered('yes') }])
  const { events, error } = await hear()
  expect(events).toEqual([])
  expect(error).toMatchObject({ code: 'cli_failed', details: { why: 'it has ended', code: 1 } })
  expect(leases).toHaveLength(2)
})

test('[WP4] a process that is lost once it has said something ends the turn with its failure', async () => {
  const { hear, leases } = open([{ messages: [begun, said('half'), lost] }, { messages: answered('yes') }])
  const { events } = await hear()
  expect(events).toMatchObject([{ text: 'half' }, { type: 'turn-failed', error: { code: 'cli_failed' } }])
  expect(leases).toHaveLength(1)
  expect(leases[0]?.released).toEqual([{ said: '', whole: false, lost: 'doubt' }])
})

test('[ER4] a process that ended since nobody is logged in says so', async () => {
  const play = { messages: [lost], stderr: 'Not logged in · Please run /login' }
  const { hear } = open([play, play])
  expect((await hear()).error).toMatchObject({ code: 'cli_not_logged_in' })
})

test('what the pool fails with is the turn’s failure', async () => {
  const failure = new GatewayError('cli_unavailable', 'no')
  expect((await open([failure]).hear()).error).toBe(failure)
})

test('[WP12] a failure of the model costs no process: it is given back with nothing said', async () => {
  const { hear, leases } = saying(begun, resulted({ isError: true, status: 529 }))
  const { error } = await hear()
  expect(error).toMatchObject({ code: 'overloaded' })
  expect(leases).toHaveLength(1)
  expect(leases[0]?.released).toEqual([{ said: '', whole: false }])
})

test('[ER11] an answer that is begun again after a word is a failure, and nothing of it is kept', async () => {
  const { hear, leases } = saying(begun, said('half'), begun, said('half and more'))
  const { events } = await hear()
  expect(events).toMatchObject([{ text: 'half' }, { type: 'turn-failed', error: { code: 'upstream_failed' } }])
  expect(leases[0]?.released).toEqual([{ said: '', whole: false }])
})

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
  const { run, leases, leaving } = saying(begun, said('one '), said('two '), new Promise<never>(() => undefined))
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
  const { hear, leases, leaving } = open([{ perform: new Promise<never>(() => undefined) }])
  const turn = hear()
  const reason = new Error('left')
  leaving.abort(reason)
  expect((await turn).error).toBe(reason)
  expect(leases[0]?.released).toEqual([{ said: '', whole: false }])
})

test('[WP4] [CA3] a client that has left gets no second process', async () => {
  const gone = Promise.withResolvers<never>()
  const { hear, leases, leaving } = open([{ messages: [gone.promise] }, { messages: answered('yes') }])
  const turn = hear()
  const reason = new Error('left')
  gone.reject(lost)
  leaving.abort(reason)
  expect((await turn).error).toBe(reason)
  expect(leases).toHaveLength(1)
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

test('[WP6] [ER8] a turn that goes on for too long is a timeout, however lively it is', async () => {
  const { clock, run, leases } = saying(
    begun,
    ...Array.from({ length: 100 }, (_, index) => [clockPast(() => clock, 400), said(`${index} `)]).flat(),
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

test('[ER8] a reader who takes his time is no silence of the model', async () => {
  const { run, clock, leases } = saying(...answered('one'))
  const events = run()
  await events.next()
  await clock.advance(9000)
  expect(await events.next()).toMatchObject({ value: { type: 'turn-end' } })
  expect(leases[0]?.released).toEqual([{ said: 'one', whole: true }])
})

test('[AD3] waiting for a process does not count towards the limits of a turn', async () => {
  const { hear, clock } = open([{ messages: answered('one') }])
  expect(clock.armed).toBe(0)
  expect((await hear()).events.at(-1)).toMatchObject({ type: 'turn-end' })
  expect(clock.armed).toBe(0)
})
