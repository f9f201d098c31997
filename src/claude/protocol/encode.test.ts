import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  encodeBoundaryLine,
  encodeControlLine,
  encodePastAssistantLine,
  encodePastUserLine,
  encodeRefusalLine,
  encodeSentinelLine,
  encodeServerLine,
  encodeToldUserLine,
  encodeUserLine,
  fromToolName,
  toToolName,
} from './encode.ts'
import type { Turn } from './turn.ts'

const turn = (role: Turn['role'], text: string): Turn => ({ role, text })

const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)

/** What a line holds, checked to be one line. */
const read = (line: string): unknown => {
  expect(line.indexOf('\n')).toBe(line.length - 1)
  return JSON.parse(line)
}

/** Lone surrogates too, and what other readers take for the end of a line. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\ud83d', '\ude42', '\n', '\r', '\u2028', '\0', '"', '\\', '@', '/', ' ') }),
)

const user = (text: string): object => ({
  type: 'user',
  uuid: 'u',
  parent_tool_use_id: null,
  client_composed: true,
  message: {
    role: 'user',
    content: [
      { type: 'text', text },
      { type: 'text', text: '' },
    ],
  },
})

const assistant = (text: string): object => ({
  type: 'assistant',
  uuid: UUID,
  parent_tool_use_id: null,
  message: {
    id: expect.stringMatching(/^msg_[0-9a-f]{32}$/),
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  },
})

test('[CL1] [CL2] a question is one line of JSON that holds it unchanged, marked as mere text and ended by an empty block', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(read(encodeUserLine(turn('user', text), { uuid: 'u' }))).toStrictEqual(user(text))
    }),
  )
})

test('[CL2] a question of an earlier turn is marked in the same way, and asks nothing', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(read(encodePastUserLine(turn('user', text), { uuid: 'u' }))).toStrictEqual({
        ...user(text),
        shouldQuery: false,
      })
    }),
  )
})

test('[CL2] a message that is told in bulk is the text of one line and nothing besides', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(read(encodeToldUserLine(text))).toStrictEqual({
        type: 'assistant',
        uuid: UUID,
        local_command_source: text,
      })
    }),
  )
})

test('[CL2] an answer of an earlier turn is one whole message of an assistant', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(read(encodePastAssistantLine(turn('assistant', text)))).toStrictEqual(assistant(text))
    }),
  )
})

test('[WP9] what stands before the first turn is an answer that is blank, and so reaches no model', () => {
  expect(read(encodeSentinelLine())).toStrictEqual(assistant(' '))
})

test('[WP9] a boundary leaves what stands before it behind', () => {
  expect(read(encodeBoundaryLine())).toStrictEqual({
    type: 'system',
    subtype: 'compact_boundary',
    compact_metadata: { trigger: 'manual', pre_tokens: 1 },
    uuid: UUID,
    session_id: 'vivavoce',
  })
})

test('no two lines have one uuid, since the CLI drops the second without a word', () => {
  const lines = Array.from({ length: 20 }, () => [
    encodeToldUserLine('a'),
    encodePastAssistantLine(turn('assistant', 'a')),
    encodeSentinelLine(),
    encodeBoundaryLine(),
  ]).flat()
  const uuids = lines.map((line) => (read(line) as { readonly uuid: string }).uuid)
  expect(new Set(uuids).size).toBe(lines.length)
})

test('a control request carries the id that its answer will have', () => {
  expect(read(encodeControlLine({ subtype: 'interrupt', text: 'a\nb' }, { requestId: 'r' }))).toStrictEqual({
    type: 'control_request',
    request_id: 'r',
    request: { subtype: 'interrupt', text: 'a\nb' },
  })
})

test('what the CLI asks of us is refused under the id that it gave', () => {
  expect(read(encodeRefusalLine('r'))).toStrictEqual({
    type: 'control_response',
    response: { subtype: 'error', request_id: 'r', error: 'not supported' },
  })
})

test('what a tool server of ours answers stands under the id that the CLI asked by', () => {
  expect(read(encodeServerLine('r', { jsonrpc: '2.0', id: 1, result: {} }))).toStrictEqual({
    type: 'control_response',
    response: {
      subtype: 'success',
      request_id: 'r',
      response: { mcp_response: { jsonrpc: '2.0', id: 1, result: {} } },
    },
  })
})

const contentOf = (line: string): unknown =>
  (read(line) as { readonly message: { readonly content: unknown } }).message.content

const PICTURE = { type: 'picture', picture: { mediaType: 'image/webp', base64: 'UklGRg==' } } as const
const IMAGE = { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'UklGRg==' } }
const END = { type: 'text', text: '' }

test('[IM1] pictures stand where they were shown, and the message still ends in an empty block', () => {
  const shown: Turn = {
    role: 'user',
    text: 'ab',
    blocks: [{ type: 'text', text: 'a' }, PICTURE, { type: 'text', text: 'b' }],
  }
  const content = [{ type: 'text', text: 'a' }, IMAGE, { type: 'text', text: 'b' }, END]
  expect(contentOf(encodeUserLine(shown, { uuid: 'u' }))).toStrictEqual(content)
  expect(contentOf(encodePastUserLine(shown, { uuid: 'u' }))).toStrictEqual(content)
})

test.each(['0123456789ab', 'ffffffffffff'])(
  '[FN4] calls are named for the server that offers the functions, %s',
  (server) => {
    const input = { city: 'Русе', n: [1, null] }
    const called: Turn = {
      role: 'assistant',
      text: 'one moment',
      blocks: [
        { type: 'text', text: 'one moment' },
        { type: 'call', id: 'c1', name: 'get-weather_2', input },
        { type: 'call', id: 'c2', name: 'clock', input: {} },
      ],
    }
    expect(contentOf(encodePastAssistantLine(called, { server }))).toStrictEqual([
      { type: 'text', text: 'one moment' },
      { type: 'tool_use', id: 'c1', name: `mcp__${server}__get-weather_2`, input },
      { type: 'tool_use', id: 'c2', name: `mcp__${server}__clock`, input: {} },
    ])
  },
)

test('[FN4] what came of calls is told under their ids, in its parts', () => {
  const came: Turn = {
    role: 'user',
    text: '',
    blocks: [
      { type: 'result', id: 'c1', content: [{ type: 'text', text: ' rain\n' }, PICTURE] },
      { type: 'result', id: 'c2', content: [{ type: 'text', text: '12:00' }] },
    ],
  }
  const content = [
    { type: 'tool_result', tool_use_id: 'c1', content: [{ type: 'text', text: ' rain\n' }, IMAGE] },
    { type: 'tool_result', tool_use_id: 'c2', content: [{ type: 'text', text: '12:00' }] },
    END,
  ]
  expect(contentOf(encodeUserLine(came, { uuid: 'u', server: '0123456789ab' }))).toStrictEqual(content)
  expect(contentOf(encodePastUserLine(came, { uuid: 'u' }))).toStrictEqual(content)
})

test('[FN2] the model’s name of a function leads back to the client’s, whatever that is', () => {
  const anyName = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'B', '7', '_', '-'), minLength: 1, maxLength: 64 }),
    fc.constantFrom('mcp__0123456789ab__x', 'mcp__a__x', 'a__b', '__'),
  )
  fc.assert(
    fc.property(anyName, fc.constantFrom('0123456789ab', 'ffffffffffff'), (name, server) => {
      expect(toToolName(name, server)).toMatch(/^[\w-]{1,128}$/)
      expect(fromToolName(toToolName(name, server))).toBe(name)
    }),
  )
})

test('[FN4] a function of a history whose name the model API would not take is named in its letters', () => {
  expect(toToolName('get.weather 🙂/ида', 'ab')).toMatch(/^mcp__ab__get_weather_[\w-]+$/)
})
