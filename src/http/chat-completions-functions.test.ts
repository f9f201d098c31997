import { expect, test } from 'vitest'
import { contentOf, dataOf, doer, failed, busy, openApp, readChunks } from '../../test/support/open-app.ts'
import { readStream } from '../../test/support/stream.ts'
import { end, forever, says, text, type Step } from '../../test/support/scripted-engine.ts'
import { takeSlot } from '../../test/support/take-slot.ts'
import type { CallEvent, FunctionCall } from '../core/index.ts'

const parameters = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
}
const tools = [
  { type: 'function', function: { name: 'weather', description: 'Времето.', parameters, strict: true } },
  { type: 'function', function: { name: 'hang_up' } },
]
const offered = [
  { name: 'weather', description: 'Времето.', parameters },
  { name: 'hang_up', description: '', parameters: { type: 'object' } },
]

const asked = { role: 'user', content: 'Какво е времето?' }
const called = {
  role: 'assistant',
  tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city": "София"}' } }],
}
const result = { role: 'tool', tool_call_id: 'call_1', content: '{"degrees": 21}' }

const callStart = (id: string, name: string): CallEvent => ({ type: 'call-start', id, name })
const callDelta = (json: string): CallEvent => ({ type: 'call-delta', arguments: json })
const calls: readonly FunctionCall[] = [
  { id: 'call_a', name: 'weather', arguments: '{"city":"София"}' },
  { id: 'call_b', name: 'hang_up', arguments: '{}' },
]
const callsBoth: readonly Step[] = [
  callStart('call_a', 'weather'),
  callDelta('{"city":'),
  callDelta('"София"}'),
  callStart('call_b', 'hang_up'),
  callDelta('{}'),
]

test('[CC23] [FN1] a request that offers tools goes to the chat agent, streamed or not', async () => {
  const { chat, engine, talker } = openApp(() => says('a'), { unstreamedAgent: doer })
  for (const stream of [true, false, undefined]) {
    await (await chat({ stream, tools })).text()
    await (await chat({ stream, tools, tool_choice: 'none' })).text()
  }
  expect(engine.runs.map(({ request }) => [request.agent, request.limits.turnMs, request.model])).toEqual(
    Array.from({ length: 6 }, () => [talker, 120_000, 'sonnet']),
  )
  expect(engine.runs[0]?.request.functions).toStrictEqual({ offered, choice: 'auto', parallel: true })
})

test('[CC23] a request with tool results goes to the chat agent, streamed or not, in both forms', async () => {
  const { chat, engine, talker } = openApp(() => says('a'), { unstreamedAgent: doer })
  const old = [
    { role: 'assistant', content: null, function_call: { name: 'weather', arguments: '{}' } },
    { role: 'function', name: 'weather', content: '21' },
  ]
  await chat({ messages: [asked, called, result] })
  await chat({ messages: [asked, ...old] })
  await (await chat({ stream: true, messages: [asked, called, result] })).text()
  expect(engine.runs.map(({ request }) => request.agent)).toEqual([talker, talker, talker])
  expect(engine.runs[0]?.request).not.toHaveProperty('functions')
  expect(engine.runs[0]?.request.history).toStrictEqual([
    { role: 'user', text: 'Какво е времето?' },
    {
      role: 'assistant',
      text: '',
      calls: [{ id: 'call_1', name: 'weather', arguments: '{"city": "София"}' }],
    },
    { role: 'tool', callId: 'call_1', text: '{"degrees": 21}' },
  ])
})

test.each([undefined, null, []])('[CC10] [R7] tools that are %j are as if not sent', async (none) => {
  const { chat, engine } = openApp(() => says('a'), { unstreamedAgent: doer })
  expect((await chat({ tools: none })).status).toBe(200)
  expect((await chat({ tools: none, tool_choice: null })).status).toBe(200)
  expect((await chat({ tools: none, tool_choice: 'auto' })).status).toBe(200)
  for (const { request } of engine.runs) {
    expect(request.agent).toBe(doer)
    expect(request).not.toHaveProperty('functions')
  }
})

test.each([true, false])(
  '[FN1] functions for an agent with tools of its own are 400 before anything is run (stream: %j)',
  async (stream) => {
    const { chat, engine, admission } = openApp(() => says('a'), { capacity: 1, maxWaiting: 0 })
    await takeSlot(admission)
    const reply = await chat({ stream, tools, model: 'recruiter-triage/opus' })
    expect([reply.status, reply.headers.get('x-should-retry'), await reply.json()]).toEqual([
      400,
      'false',
      {
        error: {
          message: '`tools`: the agent recruiter-triage has tools of its own; functions can be offered to one without.',
          type: 'invalid_request_error',
          param: 'tools',
          code: 'invalid_request',
        },
      },
    ])
    expect(engine.runs).toEqual([])
  },
)

test('[FN1] an agent with tools of its own may be sent functions that it must not call, and what came of some', async () => {
  const { chat, engine } = openApp(() => says('a'))
  const model = 'recruiter-triage/opus'
  expect((await chat({ model, tools, tool_choice: 'none' })).status).toBe(200)
  expect((await chat({ model, messages: [asked, called, result] })).status).toBe(200)
  expect(engine.runs.map(({ request }) => request.agent)).toEqual([doer, doer])
})

test('[FN6] [R6] [R7] which function may be called, and how many at once, is what was asked for', async () => {
  const { chat, engine } = openApp(() => says('a'))
  const weather = { type: 'function', function: { name: 'weather' } }
  for (const fields of [
    {},
    { tool_choice: 'auto', parallel_tool_calls: true },
    { tool_choice: 'none' },
    { tool_choice: 'required', parallel_tool_calls: false },
    { tool_choice: weather },
    { tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [weather] } } },
  ])
    expect((await chat({ tools, ...fields })).headers.get('x-vivavoce-ignored')).toBeNull()
  expect(
    engine.runs.map(({ request: { functions } }) => [
      functions?.choice,
      functions?.parallel,
      functions?.offered.map(({ name }) => name),
    ]),
  ).toEqual([
    ['auto', true, ['weather', 'hang_up']],
    ['auto', true, ['weather', 'hang_up']],
    ['none', true, ['weather', 'hang_up']],
    ['required', false, ['weather', 'hang_up']],
    [{ name: 'weather' }, true, ['weather', 'hang_up']],
    ['required', true, ['weather']],
  ])
})

test.each(['required', { type: 'function', function: { name: 'weather' } }])(
  '[CC7] [FN6] who must call does not think: an effort that asks for it is named as ignored (%j)',
  async (tool_choice) => {
    const { chat } = openApp(() => says('a'))
    const ignoredOf = async (fields: object): Promise<string | null> =>
      (await chat({ tools, tool_choice, ...fields })).headers.get('x-vivavoce-ignored')
    expect(await ignoredOf({ reasoning_effort: 'none' })).toBeNull()
    expect(await ignoredOf({ reasoning_effort: 'high' })).toBe('reasoning_effort')
  },
)

test('[CC10] [R60] a choice of what is not offered is 400 that names it', async () => {
  const { chat, engine } = openApp(() => says('a'))
  const reply = await chat({ tools, tool_choice: { type: 'function', function: { name: 'weather2' } } })
  expect([reply.status, await reply.json()]).toEqual([
    400,
    {
      error: {
        message: '`tool_choice`: it names a tool that `tools` does not offer.',
        type: 'invalid_request_error',
        param: 'tool_choice',
        code: 'invalid_request',
      },
    },
  ])
  expect(engine.runs).toEqual([])
})

test('[FN2] [FN10] [R36] [R42] [R43] [R44] [R46] text, then calls, one a chunk and in fragments, then a finish of tool_calls', async () => {
  const { stream } = openApp(() => [
    text('Един'),
    text(' миг.'),
    ...callsBoth,
    end('Един миг.', { reason: 'calls', calls }),
  ])
  const { chunks, done, finish } = await readStream(await stream({ tools, stream_options: { include_usage: true } }))
  expect(chunks.map(({ choices: [choice] }) => choice?.delta)).toEqual([
    { role: 'assistant', content: 'Един' },
    { content: ' миг.' },
    {
      tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'weather', arguments: '' } }],
    },
    { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '"София"}' } }] },
    {
      tool_calls: [{ index: 1, id: 'call_b', type: 'function', function: { name: 'hang_up', arguments: '' } }],
    },
    { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
    {},
    undefined,
  ])
  expect([finish, done, chunks.at(-1)?.choices]).toEqual([['tool_calls'], true, []])
})

test('[FN2] [R29] [R30] the role travels with a call that comes first, and its frame leaves at once', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream } = openApp(() => [
    callStart('call_a', 'weather'),
    gate.promise,
    callDelta('{}'),
    end('', { reason: 'calls', calls: [{ id: 'call_a', name: 'weather', arguments: '{}' }] }),
  ])
  const { next, rest } = readChunks(await stream({ tools }))
  expect(dataOf(await next())).toMatchObject({
    choices: [{ delta: { role: 'assistant', tool_calls: [{ index: 0, id: 'call_a' }] }, finish_reason: null }],
  })
  gate.resolve()
  expect((await rest()).join('')).not.toContain('"role"')
})

test('[FN2] [R33] [R54] not streamed, the calls are in the message, whose content is null where nothing was said', async () => {
  const { chat } = openApp((_, index) => [
    ...(index === 0 ? [] : [text('Един миг.')]),
    ...callsBoth,
    end(index === 0 ? '' : 'Един миг.', { reason: 'calls', calls }),
  ])
  const tool_calls = [
    { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"София"}' } },
    { id: 'call_b', type: 'function', function: { name: 'hang_up', arguments: '{}' } },
  ]
  for (const content of [null, 'Един миг.']) {
    expect(await (await chat({ tools })).json()).toMatchObject({
      choices: [{ message: { role: 'assistant', content, refusal: null, tool_calls }, finish_reason: 'tool_calls' }],
    })
  }
})

test('[FN9] a call that meets a limit ends where it is, with length, streamed or not', async () => {
  const cut: FunctionCall = { id: 'call_a', name: 'weather', arguments: '{"ci' }
  const { chat } = openApp(() => [
    callStart('call_a', 'weather'),
    callDelta('{"ci'),
    end('', { reason: 'length', calls: [cut] }),
  ])
  expect((await readStream(await chat({ stream: true, tools }))).finish).toEqual(['length'])
  expect(await (await chat({ tools })).json()).toMatchObject({
    choices: [
      { message: { content: null, tool_calls: [{ function: { arguments: '{"ci' } }] }, finish_reason: 'length' },
    ],
  })
})

test('[ER3] [R63] a failure in the middle of a call is an error frame, without a finish', async () => {
  const { stream } = openApp(() => [text('Един миг.'), callStart('call_a', 'weather'), callDelta('{"ci'), failed(busy)])
  const [first, ...others] = await readChunks(await stream({ tools })).rest()
  expect([contentOf(first), others.length]).toEqual(['Един миг.', 3])
  expect(dataOf(others.at(-1))).toEqual({
    error: { message: 'The model API is overloaded.', type: 'server_error', param: null, code: 'overloaded' },
  })
})

test('[FN3] [R47] with its calls a turn is over: its place is free, and the next request brings what came of them', async () => {
  const { chat, engine, admission } = openApp(
    (_, index) => (index === 0 ? [...callsBoth, end('', { reason: 'calls', calls })] : says('21 градуса.')),
    { capacity: 1, maxWaiting: 0 },
  )
  await (await chat({ stream: true, tools })).text()
  await expect.poll(() => admission.active).toBe(0)
  expect((await readStream(await chat({ stream: true, tools, messages: [asked, called, result] }))).text).toBe(
    '21 градуса.',
  )
  expect(engine.runs).toHaveLength(2)
})

test('[CA1] [R50] a caller who leaves in the middle of a call has the run stopped', async () => {
  const { stream, engine, admission, background } = openApp(() => [callStart('call_a', 'weather'), forever()])
  const leaving = new AbortController()
  const { next } = readChunks(await stream({ tools }, { signal: leaving.signal }))
  await next()
  const last = next()
  leaving.abort(new Error('gone'))
  expect(await last).toBeUndefined()
  await (
    await engine.started(0)
  ).ended
  await background.close()
  expect(admission.active).toBe(0)
})
