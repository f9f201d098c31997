import { expect, test } from 'vitest'
import { answered, begun, ended, resulted, said, type Play } from '../../../test/support/fake-pool.ts'
import { DOER, lost, openWarmEngine, saying } from '../../../test/support/open-warm-engine.ts'
import { GatewayError, type TurnRequest } from '../../core/index.ts'
import type { Abilities } from './abilities.ts'

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
  const { hear, leases } = openWarmEngine([{ messages: answered('x') }])
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
      ask: { role: 'user', text: 'three' },
    },
  })
})

test.each<readonly [string, Partial<TurnRequest>, Partial<Abilities>]>([
  ['a doer’s turn', { agent: DOER }, {}],
  ['a limit that cannot be set in a process that is kept', { maxOutputTokens: 5 }, { liveSettings: false }],
  ['an effort that cannot', { reasoning: 'high' }, { liveSettings: false }],
])('[WP11] [WP9] %s has a process of its own', async (_, request, abilities) => {
  const { hear, leases, fallback, observer } = openWarmEngine([], abilities)
  const { events } = await hear(request)
  expect(events.at(-1)).toMatchObject({ type: 'turn-end', answer: 'from a process of its own' })
  expect(fallback.runs[0]?.request).toMatchObject(request)
  expect(leases).toEqual([])
  expect(observer.of('turn-aligned')).toEqual([{ type: 'turn-aligned', kind: 'cold', steps: [], ms: 0, waitedMs: 0 }])
})

test('[WP9] a model that a process cannot be switched to is one that another is started with', async () => {
  const { hear, leases, fallback } = openWarmEngine([{ messages: answered('x') }], { switchModel: false })
  await hear({ model: 'opus' })
  expect(leases[0]?.wanted.model).toBe('opus')
  expect(fallback.runs).toEqual([])
})

test.each<readonly [string, Play]>([
  ['before it was asked', { perform: lost }],
  ['before the model began', { messages: [lost] }],
  ['before it said anything', { messages: [begun, { type: 'activity' }, lost] }],
])('[WP4] a process that is lost %s costs nothing: another one takes the turn', async (_, play) => {
  const { hear, leases } = openWarmEngine([play, { messages: answered('yes') }])
  const { events } = await hear()
  expect(events).toMatchObject([{ text: 'yes' }, { type: 'turn-end', answer: 'yes' }])
  expect(leases.map(({ released }) => released)).toEqual([
    [{ said: '', whole: false, lost: 'doubt' }],
    [{ said: 'yes', whole: true }],
  ])
  expect(leases[0]?.stops).toEqual(['doubt'])
})

test('[WP4] another process is tried once, not for ever', async () => {
  const { hear, leases } = openWarmEngine([{ messages: [lost] }, { messages: [lost] }, { messages: answered('yes') }])
  const { events, error } = await hear()
  expect(events).toEqual([])
  expect(error).toMatchObject({ code: 'cli_failed', details: { why: 'it has ended', code: 1 } })
  expect(leases).toHaveLength(2)
})

test('[WP4] a process that is lost once it has said something ends the turn with its failure', async () => {
  const { hear, leases } = openWarmEngine([{ messages: [begun, said('half'), lost] }, { messages: answered('yes') }])
  const { events } = await hear()
  expect(events).toMatchObject([{ text: 'half' }, { type: 'turn-failed', error: { code: 'cli_failed' } }])
  expect(leases).toHaveLength(1)
  expect(leases[0]?.released).toEqual([{ said: '', whole: false, lost: 'doubt' }])
})

test('[ER4] a process that ended since nobody is logged in says so', async () => {
  const play = { messages: [lost], stderr: 'Not logged in · Please run /login' }
  const { hear } = openWarmEngine([play, play])
  expect((await hear()).error).toMatchObject({ code: 'cli_not_logged_in' })
})

test('what the pool fails with is the turn’s failure', async () => {
  const failure = new GatewayError('cli_unavailable', 'no')
  expect((await openWarmEngine([failure]).hear()).error).toBe(failure)
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
