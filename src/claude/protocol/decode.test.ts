import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeLine, textOfLine } from './decode.ts'

const delta = (text: string): object => ({
  type: 'stream_event',
  event: { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
})
const line = (message: unknown): string => JSON.stringify(message)

test('[CL4] a text delta of the main conversation gives its text, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(textOfLine(line(delta(text)))).toBe(text)
    }),
  )
})

test.each([
  ['an empty line', ''],
  ['broken JSON', '{"type":"stream_event","event":{"type":"content_block_delta"'],
  ['another value', 'null'],
  ['an array', '[{"type":"stream_event"}]'],
  ['no type', '{"event":{}}'],
  ['a type that is no text', '{"type":1}'],
  ['an assistant message', line({ type: 'assistant', message: { content: [{ type: 'text', text: 'no' }] } })],
  ['a result', line({ type: 'result', subtype: 'success', result: 'no' })],
  [
    'thinking',
    line({
      type: 'stream_event',
      event: { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'no' } },
    }),
  ],
  [
    'tool input',
    line({
      type: 'stream_event',
      event: { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: 'no' } },
    }),
  ],
  [
    'a delta without a text',
    line({ type: 'stream_event', event: { type: 'content_block_delta', delta: { type: 'text_delta', text: 7 } } }),
  ],
  ['a delta without a delta', line({ type: 'stream_event', event: { type: 'content_block_delta' } })],
  ['an event without an event', line({ type: 'stream_event' })],
  [
    'a block start',
    line({ type: 'stream_event', event: { type: 'content_block_start', content_block: { type: 'text', text: 'no' } } }),
  ],
  ['a sub-agent’s text', line({ ...delta('no'), parent_tool_use_id: 'toolu_1' })],
])('[CL4] %s gives no text', (_, text) => {
  expect(textOfLine(text)).toBe('')
})

test('[CL4] no text whatever makes decoding throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(decodeLine(text).ok).toBeTypeOf('boolean')
    }),
  )
  const types = fc.constantFrom(
    'assistant',
    'result',
    'system',
    'control_request',
    'control_response',
    'stream_event',
    'rate_limit_event',
  )
  fc.assert(
    fc.property(types, fc.dictionary(fc.string(), fc.jsonValue()), (type, rest) => {
      expect(decodeLine(line({ ...rest, type })).ok).toBe(true)
    }),
  )
})

test('a result is read with its usage and cost, and one of another subtype is an error', () => {
  const usage = { input_tokens: 12, cache_creation_input_tokens: 5, cache_read_input_tokens: 7, output_tokens: 20 }
  expect(
    decodeLine(line({ type: 'result', subtype: 'success', is_error: false, result: 'x', usage, total_cost_usd: 0.1 })),
  ).toEqual({
    ok: true,
    message: {
      type: 'result',
      subtype: 'success',
      isError: false,
      text: 'x',
      status: undefined,
      terminalReason: undefined,
      stopReason: undefined,
      usage: { inputTokens: 12, cacheReadTokens: 7, cacheWriteTokens: 5, outputTokens: 20, reasoningTokens: 0 },
      costUsd: 0.1,
      structuredOutput: undefined,
      errors: [],
    },
  })
  expect(decodeLine(line({ type: 'result', subtype: 'error_max_turns' }))).toMatchObject({ message: { isError: true } })
})

test('an assistant message that the CLI wrote itself has a problem', () => {
  expect(decodeLine(line({ type: 'assistant', uuid: 'u', message: { model: '<synthetic>' } }))).toMatchObject({
    message: { problem: 'synthetic' },
  })
  expect(
    decodeLine(line({ type: 'assistant', uuid: 'u', error: 'rate_limit', message: { model: '<synthetic>' } })),
  ).toMatchObject({ message: { problem: 'rate_limit' } })
  expect(decodeLine(line({ type: 'assistant', uuid: 'u', message: { model: 'm' } }))).toEqual({
    ok: true,
    message: { type: 'assistant', problem: undefined },
  })
})

const saidLine = (content: unknown, rest: object = {}): string =>
  line({ type: 'assistant', message: { model: 'm', content }, parent_tool_use_id: null, ...rest })
const use = (rest: object = {}): object => ({ type: 'tool_use', id: 't', name: 'Read', input: { a: 1 }, ...rest })

test('[DO8] a finished message tells the tools that it uses, in order, and nothing else of it', () => {
  const assistant = { type: 'assistant', problem: undefined }
  for (const [content, toolUses] of [
    [[use()], [{ name: 'Read', input: { a: 1 } }]],
    [
      [{ type: 'text', text: 'no' }, use({ name: 'mcp__a__инструмент' }), { type: 'thinking', thinking: 'no' }, use()],
      [
        { name: 'mcp__a__инструмент', input: { a: 1 } },
        { name: 'Read', input: { a: 1 } },
      ],
    ],
    [[use({ input: undefined }), use({ input: 'x' })], [1, 2].map(() => ({ name: 'Read', input: {} }))],
    [[null, 'tool_use', 7, [], {}, use()], [{ name: 'Read', input: { a: 1 } }]],
  ] as const)
    expect(decodeLine(saidLine(content))).toStrictEqual({ ok: true, message: { ...assistant, toolUses } })
  for (const content of [undefined, null, 'tool_use', [], [use({ name: 7 })], [use({ type: 'server_tool_use' })]])
    expect(decodeLine(saidLine(content))).toStrictEqual({ ok: true, message: assistant })
})

test('[DO8] a tool that a sub-agent uses is a sign of life and no more', () => {
  expect(decodeLine(saidLine([use()], { parent_tool_use_id: 'toolu_1' }))).toStrictEqual({
    ok: true,
    message: { type: 'activity' },
  })
})

const responseLine = (response: unknown): string => line({ type: 'control_response', response })

test('[WP4] an answer to a control request has its id and its fields, and a problem where it is no success', () => {
  const answered = { type: 'control-answer', requestId: 'r' }
  const success = { subtype: 'success', request_id: 'r' }
  for (const [response, rest] of [
    [
      { ...success, response: { rewound: true, n: [1] } },
      { problem: undefined, fields: { rewound: true, n: [1] } },
    ],
    [success, { problem: undefined, fields: {} }],
    [
      { ...success, response: null },
      { problem: undefined, fields: {} },
    ],
    [
      { ...success, response: 'yes' },
      { problem: undefined, fields: {} },
    ],
    [
      { ...success, error: 'no' },
      { problem: undefined, fields: {} },
    ],
    [
      { ...success, subtype: 'error', error: 'not now' },
      { problem: 'not now', fields: {} },
    ],
    [
      { ...success, subtype: 'error' },
      { problem: 'error', fields: {} },
    ],
    [
      { ...success, subtype: 'error', error: { code: 5 } },
      { problem: 'error', fields: {} },
    ],
    [
      { ...success, subtype: 'later', response: { a: 1 } },
      { problem: 'later', fields: { a: 1 } },
    ],
  ] as const) {
    expect(decodeLine(responseLine(response))).toStrictEqual({ ok: true, message: { ...answered, ...rest } })
  }
})

test('[WP4] an answer that does not say to what, or how it went, is none', () => {
  for (const response of [
    undefined,
    null,
    'success',
    [],
    {},
    { subtype: 'success' },
    { request_id: 'r' },
    { subtype: 'success', request_id: 7 },
    { subtype: true, request_id: 'r' },
  ])
    expect(decodeLine(responseLine(response))).toStrictEqual({
      ok: true,
      message: { type: 'other', kind: 'control_response' },
    })
})

const requestLine = (rest: object): string => line({ type: 'control_request', ...rest })

test('what the CLI asks of us has its id and its kind', () => {
  for (const [rest, kind] of [
    [{ request: { subtype: 'can_use_tool', tool_name: 'Bash' } }, 'can_use_tool'],
    [{ request: { tool_name: 'Bash' } }, ''],
    [{ request: { subtype: 5 } }, ''],
    [{ request: 'hook_callback' }, ''],
    [{}, ''],
  ] as const) {
    expect(decodeLine(requestLine({ request_id: 'r', ...rest }))).toStrictEqual({
      ok: true,
      message: { type: 'control-request', requestId: 'r', kind },
    })
  }
  for (const rest of [{}, { request_id: 5 }, { request: { subtype: 'can_use_tool' } }]) {
    expect(decodeLine(requestLine(rest))).toStrictEqual({
      ok: true,
      message: { type: 'other', kind: 'control_request' },
    })
  }
})

const eventLine = (event: object, rest: object = {}): string => line({ type: 'stream_event', event, ...rest })

test('[FN2] a call is read from its beginning, the pieces of its arguments and its end', () => {
  const start = {
    type: 'content_block_start',
    index: 1,
    content_block: { type: 'tool_use', id: 't', name: 'mcp__a__f', input: {} },
  }
  expect(decodeLine(eventLine(start))).toStrictEqual({ ok: true, message: { type: 'call-start', name: 'mcp__a__f' } })
  const piece = (json: unknown): string =>
    eventLine({ type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: json } })
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (json) => {
      expect(decodeLine(piece(json))).toStrictEqual({ ok: true, message: { type: 'call-delta', arguments: json } })
    }),
  )
  expect(decodeLine(piece(7))).toStrictEqual({ ok: true, message: { type: 'activity' } })
  expect(decodeLine(eventLine({ type: 'content_block_stop', index: 1 }))).toStrictEqual({
    ok: true,
    message: { type: 'block-end' },
  })
})

test.each<readonly [string, object]>([
  ['a text', { type: 'text', text: '' }],
  ['a thought', { type: 'thinking', thinking: '' }],
  ['a tool of the model API', { type: 'server_tool_use', name: 'web_search' }],
  ['a call without a name', { type: 'tool_use', id: 't' }],
  ['a call of something that has no text for a name', { type: 'tool_use', name: 7 }],
])('[FN2] %s that begins is no call', (_, block) => {
  expect(decodeLine(eventLine({ type: 'content_block_start', content_block: block }))).toStrictEqual({
    ok: true,
    message: { type: 'activity' },
  })
})

test('[FN2] what a sub-agent calls is no call of the model', () => {
  const start = { type: 'content_block_start', content_block: { type: 'tool_use', name: 'mcp__a__f' } }
  expect(decodeLine(eventLine(start, { parent_tool_use_id: 'toolu_1' }))).toStrictEqual({
    ok: true,
    message: { type: 'activity' },
  })
})

test('an answer ends for the reason that the model API gives', () => {
  for (const reason of ['tool_use', 'end_turn', 'stop_sequence', 'max_tokens'])
    expect(decodeLine(eventLine({ type: 'message_delta', delta: { stop_reason: reason } }))).toMatchObject({
      message: { type: 'answer-end', stopReason: reason },
    })
})

const serverLine = (message: unknown): string =>
  requestLine({ request_id: 'r', request: { subtype: 'mcp_message', server_name: 'a', message } })
const asksServer = (toServer: object): object => ({
  ok: true,
  message: { type: 'control-request', requestId: 'r', kind: 'mcp_message', toServer },
})

test('[FN1] what the CLI says to a tool server of ours has its id, its method and the version of the protocol', () => {
  for (const [message, toServer] of [
    [
      { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {} } },
      { id: 0, method: 'initialize', protocolVersion: '2025-06-18' },
    ],
    [
      { id: 'x', method: 'tools/list' },
      { id: 'x', method: 'tools/list', protocolVersion: '' },
    ],
    [
      { id: 1, method: 'tools/list', params: { cursor: 'c' } },
      { id: 1, method: 'tools/list', protocolVersion: '' },
    ],
    [
      { id: 1, method: 'ping', params: 7 },
      { id: 1, method: 'ping', protocolVersion: '' },
    ],
    [
      { id: 1, method: 'ping', params: { protocolVersion: 7 } },
      { id: 1, method: 'ping', protocolVersion: '' },
    ],
    [{ method: 'notifications/initialized' }, { id: null, method: 'notifications/initialized', protocolVersion: '' }],
    [
      { id: [1], method: 'ping' },
      { id: null, method: 'ping', protocolVersion: '' },
    ],
  ] as const)
    expect(decodeLine(serverLine(message))).toStrictEqual(asksServer(toServer))
})

test('[FN1] what is no message to a tool server, or not said to one, is refused like anything else', () => {
  const refused = { ok: true, message: { type: 'control-request', requestId: 'r', kind: 'mcp_message' } }
  for (const message of [undefined, null, 'ping', {}, { id: 1 }, { method: 7 }, [{ method: 'ping' }]])
    expect(decodeLine(serverLine(message))).toStrictEqual(refused)
  const other = { request_id: 'r', request: { subtype: 'hook_callback', message: { id: 1, method: 'tools/list' } } }
  expect(decodeLine(requestLine(other))).toStrictEqual({
    ok: true,
    message: { type: 'control-request', requestId: 'r', kind: 'hook_callback' },
  })
})

test('[FN1] a question that is taken up tells what the model will be offered', () => {
  const init = { type: 'system', subtype: 'init', session_id: 's' }
  expect(decodeLine(line({ ...init, tools: ['mcp__a__f', 'x'] }))).toStrictEqual({
    ok: true,
    message: { type: 'turn-start', tools: ['mcp__a__f', 'x'] },
  })
  for (const tools of [undefined, 'x', [7], null])
    expect(decodeLine(line({ ...init, tools }))).toStrictEqual({ ok: true, message: { type: 'turn-start', tools: [] } })
})
