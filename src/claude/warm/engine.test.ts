import { expect, test } from 'vitest'
import {
  answered,
  begun,
  calledOnce,
  ended,
  forever,
  resulted,
  said,
  type Heard,
  type Play,
} from '../../../test/support/fake-pool.ts'
import { DOER, lost, openWarmEngine, saying } from '../../../test/support/open-warm-engine.ts'
import { GatewayError, type ClientFunctions, type TurnRequest } from '../../core/index.ts'
import type { Abilities } from './abilities.ts'
import type { Wanted } from './align.ts'

const offering = (): ClientFunctions => ({
  offered: [{ name: 'weather', description: 'Tells it.', parameters: { type: 'object' } }],
  choice: 'auto',
  parallel: true,
})

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

test('[WP19] a turn waits for a process as long as for its first token, or where there is no such limit as it may take', async () => {
  const { hear, leases } = openWarmEngine([{ messages: answered('x') }, { messages: answered('x') }])
  await hear({ limits: { firstTokenMs: 1000, turnMs: 10_000 } })
  await hear({ limits: { turnMs: 10_000 } })
  expect(leases.map(({ patienceMs }) => patienceMs)).toEqual([1000, 10_000])
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
  [
    'a turn with functions, which cannot be offered,',
    { functions: { ...offering(), choice: 'auto' } },
    { functions: false },
  ],
  ['an answer to a schema, where none can be offered,', { outputSchema: { type: 'object' } }, { functions: false }],
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

test('the caller’s name for a conversation is told to the pool, as a hint', async () => {
  const { hear, leases } = openWarmEngine([{ messages: answered('x') }, { messages: answered('x') }])
  await hear({ conversation: 'one' })
  await hear()
  expect(leases.map(({ conversation }) => conversation)).toEqual(['one', undefined])
})

test('[FN1] [FN2] what the model calls is streamed as it comes, and what it said before', async () => {
  const { hear, leases } = saying(
    begun,
    said('one moment'),
    ...calledOnce('weather', '{"ci', 'ty":1}'),
    ended('tool_use'),
  )
  const { events, error } = await hear({ functions: offering() })
  expect(error).toBeUndefined()
  const [, start] = events
  const id = start?.type === 'call-start' ? start.id : ''
  expect(id).toMatch(/^call_[\da-f]{24}_0$/)
  expect(events).toMatchObject([
    { type: 'text-delta', text: 'one moment' },
    { type: 'call-start', id, name: 'weather' },
    { type: 'call-delta', arguments: '{"ci' },
    { type: 'call-delta', arguments: 'ty":1}' },
    {
      type: 'turn-end',
      reason: 'calls',
      answer: 'one moment',
      calls: [{ id, name: 'weather', arguments: '{"city":1}' }],
    },
  ])
  expect(leases[0]?.wanted.functions).toEqual(offering().offered)
  expect(leases[0]?.steps.map(({ type }) => type)).toEqual(['set-system', 'offer', 'ask'])
})

test('[FN4] [FN5] the calls of a turn have ids that differ in their ending only, those of another turn others', async () => {
  const messages = [begun, ...calledOnce('weather', '{}'), ...calledOnce('weather', '{}'), ended('tool_use')]
  const { hear } = openWarmEngine([{ messages }, { messages }])
  const idsOf = async (): Promise<readonly string[]> =>
    (await hear({ functions: offering() })).events.flatMap((event) => (event.type === 'call-start' ? [event.id] : []))
  const [one, other] = [await idsOf(), await idsOf()]
  expect(one.map((id) => id.replace(/\d+$/, ''))).toEqual([one[0]?.replace(/0$/, ''), one[0]?.replace(/0$/, '')])
  expect(new Set([...one, ...other]).size).toBe(4)
  expect(other[0]?.slice(0, -1)).not.toBe(one[0]?.slice(0, -1))
})

test('[FN3] with its calls a turn is over: its process is given back before the end is told, with nothing said', async () => {
  const { run, leases } = saying(begun, said('one'), ...calledOnce('weather', '{}'), ended('tool_use'), forever)
  const events = run({ functions: offering() })
  for (let heard = 0; heard < 3; heard++) await events.next()
  expect(leases[0]?.released).toEqual([])
  expect(await events.next()).toMatchObject({ value: { type: 'turn-end', reason: 'calls' } })
  expect(leases[0]?.released).toEqual([{ said: '', whole: false }])
  expect(await events.next()).toMatchObject({ done: true })
})

test('[FN6] a turn in which nothing is called is like any other', async () => {
  const { hear, leases } = openWarmEngine([{ messages: answered('yes') }])
  const { events } = await hear({ functions: offering() })
  expect(events.at(-1)).not.toHaveProperty('calls')
  expect(leases[0]?.released).toEqual([{ said: 'yes', whole: true }])
})

test('[WP4] [FN2] a process that is lost once a call began ends the turn with its failure', async () => {
  const [start] = calledOnce('weather')
  const play = { messages: [begun, ...(start === undefined ? [] : [start]), lost] }
  const { hear, leases } = openWarmEngine([play, { messages: answered('yes') }])
  const { events } = await hear({ functions: offering() })
  expect(events).toMatchObject([{ type: 'call-start' }, { type: 'turn-failed', error: { code: 'cli_failed' } }])
  expect(leases).toHaveLength(1)
})

test('[FN9] a call that cannot be read fails the turn, and costs no process', async () => {
  const { hear, leases } = saying(begun, ...calledOnce('weather', '{"a":'), ended('tool_use'))
  const { events } = await hear({ functions: offering() })
  expect(events.at(-1)).toMatchObject({ type: 'turn-failed', error: { code: 'upstream_failed' } })
  expect(leases[0]?.released).toEqual([{ said: '', whole: false }])
})

const SCHEMA = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] }

test('[CC11] an answer to a schema is streamed while the model makes it, and checked', async () => {
  const { hear, leases } = saying(begun, said('Well'), ...calledOnce('answer', '{"a"', ':1}'), ended('tool_use'))
  const { events, error } = await hear({ outputSchema: SCHEMA })
  expect(error).toBeUndefined()
  expect(events).toMatchObject([
    { type: 'text-delta', text: '{"a"' },
    { type: 'text-delta', text: ':1}' },
    { type: 'turn-end', reason: 'end', answer: '{"a":1}' },
  ])
  expect(events.at(-1)).not.toHaveProperty('calls')
  // The CLI waits for what comes of the call, so the process holds less than all.
  expect(leases[0]?.released).toEqual([{ said: '{"a":1}', whole: false }])
})

test.each<readonly [string, readonly Heard[]]>([
  ['does not satisfy it', [...calledOnce('answer', '{"a":"x"}'), ended('tool_use')]],
  ['is no JSON', [...calledOnce('answer', '{"a":'), ended('tool_use')]],
  ['is empty', [...calledOnce('answer'), ended('tool_use')]],
  ['is given in the model’s own words', [said('{"a":1}'), ended('end_turn'), resulted()]],
])('[CC11] an answer to a schema that %s is a failure, and costs no process', async (_, messages) => {
  const { hear, leases } = saying(begun, ...messages)
  const { events, error } = await hear({ outputSchema: SCHEMA })
  const last = events.at(-1)
  expect(error ?? (last?.type === 'turn-failed' ? last.error : undefined)).toMatchObject({ code: 'schema_unmet' })
  expect(events.some(({ type }) => type === 'turn-end')).toBe(false)
  expect(leases).toHaveLength(1)
  expect(leases[0]?.released).toMatchObject([{ whole: false }])
  expect(leases[0]?.released[0]).not.toHaveProperty('lost')
})

test('[CC11] an answer to a schema that meets its limit ends there, and is not checked', async () => {
  const { hear } = saying(begun, ...calledOnce('answer', '{"a"'), ended('max_tokens'))
  expect((await hear({ outputSchema: SCHEMA, maxOutputTokens: 3 })).events.at(-1)).toMatchObject({
    type: 'turn-end',
    reason: 'length',
    answer: '{"a"',
  })
})

test('[CC11] [CC12] stop texts have no effect on an answer to a schema', async () => {
  const { hear } = saying(begun, ...calledOnce('answer', '{"a":1}'), ended('tool_use'))
  expect((await hear({ outputSchema: SCHEMA, stopTexts: ['"a"'] })).events.at(-1)).toMatchObject({ answer: '{"a":1}' })
})

test('[FN11] with functions beside, what is called is not checked against the schema', async () => {
  const { hear, leases } = saying(begun, ...calledOnce('weather', '{"b":1}'), ended('tool_use'))
  const { events } = await hear({ outputSchema: SCHEMA, functions: offering() })
  expect(events.at(-1)).toMatchObject({ type: 'turn-end', reason: 'calls' })
  expect(leases[0]?.wanted.functions.map(({ name }) => name)).toEqual(['weather', 'answer'])
})

test('[FN12] of what a kept process can hold only what it is to take is left to it', async () => {
  const takes = ({ functions }: Wanted): boolean => functions.length > 0
  const { hear, fallback, leases } = openWarmEngine([{ messages: answered('x') }], {}, { takes })
  expect((await hear()).events.at(-1)).toMatchObject({ answer: 'from a process of its own' })
  await hear({ functions: offering() })
  expect([fallback.runs.length, leases.length]).toEqual([1, 1])
})

const started = (...tools: readonly string[]): Heard => ({ type: 'turn-start', tools })

test.each<readonly [string, Partial<TurnRequest>, string, string]>([
  ['a function', { functions: offering() }, 'answer', 'tools[0].function.parameters'],
  ['a schema', { functions: offering(), outputSchema: SCHEMA }, 'weather', 'response_format.json_schema.schema'],
])(
  '[FN1] %s that the CLI does not offer is the caller’s fault, told by its place',
  async (_, request, known, param) => {
    const { hear, leases } = saying(started(`mcp__0123456789ab__${known}`), ...answered('yes'))
    const { events, error } = await hear(request)
    expect(events).toEqual([])
    expect(error).toMatchObject({ code: 'invalid_request', param })
    expect(leases).toHaveLength(1)
    expect(leases[0]?.released).toEqual([{ said: '', whole: false }])
  },
)

const oddlyNamed = { type: 'object', properties: { city: {}, 'град 🙂': { properties: { ж: {} } } } }
const ODD_NAME =
  'the model does not take this name of a property; use 1 to 64 of the characters A-Z, a-z, 0-9, _, . and -'

test.each<readonly [Partial<TurnRequest>, string, string]>([
  [
    { functions: { ...offering(), offered: [{ name: 'weather', description: '', parameters: oddlyNamed }] } },
    'answer',
    'tools[0].function.parameters.properties.град 🙂',
  ],
  [
    { functions: offering(), outputSchema: oddlyNamed },
    'weather',
    'response_format.json_schema.schema.properties.град 🙂',
  ],
])('[FN14] a property whose name the model does not take is named: %j', async (request, known, param) => {
  const { hear } = saying(started(`mcp__0123456789ab__${known}`), ...answered('yes'))
  expect((await hear(request)).error).toMatchObject({ param, message: `\`${param}\`: ${ODD_NAME}.` })
})

test('[FN1] where all that is wanted is offered the turn goes on', async () => {
  const { hear } = saying(started('mcp__0123456789ab__weather'), ...answered('yes'))
  expect((await hear({ functions: offering() })).events.at(-1)).toMatchObject({ answer: 'yes' })
})
