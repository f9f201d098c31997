import { describe, expect, test } from 'vitest'
import { call, completion, ERROR, opening, chunk, stream, USAGE } from './examples.ts'
import { judgeReply, type Reply } from './judge-reply.ts'

const { index: _index, ...toolCall } = call(0)
const CHAT = '/v1/chat/completions'

const reply = (path: string, body: unknown, fields: Partial<Reply> = {}): Reply => ({
  method: 'POST',
  path,
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  left: false,
  ...fields,
})
const failed = (path: string, body: unknown): Reply => reply(path, body, { status: 503 })
const EVENT_STREAM = { headers: { 'content-type': 'text/event-stream; charset=utf-8' } }
const MODEL = { id: 'sonnet', object: 'model', created: 1_700_000_000, owned_by: 'us' }

describe('a reply that is right', () => {
  test.each([
    ['a completion', reply(CHAT, completion())],
    ['a completion with a call', reply(CHAT, completion({ content: null, tool_calls: [toolCall] }, 'tool_calls'))],
    [
      'a completion with a call of a custom tool, whose input is no JSON',
      reply(
        CHAT,
        completion(
          { content: null, tool_calls: [{ id: 'call_2', type: 'custom', custom: { name: 'x', input: 'y' } }] },
          'tool_calls',
        ),
      ),
    ],
    ['a stream', reply(CHAT, stream(opening('a'), chunk({}, 'stop')), EVENT_STREAM)],
    ['the models', reply('/v1/models', { object: 'list', data: [MODEL] })],
    ['a model', reply('/v1/models/agent/sonnet', MODEL)],
    ['a failure', failed(CHAT, ERROR)],
    ['a failure on a path that is not there', failed('/nowhere', ERROR)],
    ['a failure on a path with an envelope of its own', failed('/jobs/1', { error: 'not found', detail: 'No.' })],
    ['a path that is not of OpenAI', reply('/health', { status: 'ok' })],
    ['a head without its body', reply('/v1/models', '', { method: 'HEAD' })],
    ['a preflight', reply(CHAT, '', { method: 'OPTIONS', status: 204, headers: {} })],
    ['what a caller who left did not wait for', reply(CHAT, '{"id":', { left: true })],
  ])('passes: %s', (_, given) => {
    expect(judgeReply(given)).toEqual([])
  })
})

const { usage: _usage, ...noUsage } = completion()
const { choices: _choices, ...noChoices } = completion()

describe('a reply that is wrong', () => {
  test.each([
    ['no choices', reply(CHAT, noChoices), 'it: does not have required property "choices"'],
    ['no usage', reply(CHAT, noUsage), 'usage is missing'],
    [
      'no choice in the list',
      reply(CHAT, completion({}, 'stop', { choices: [] })),
      'it has not just the choice of index 0',
    ],
    [
      'no refusal',
      reply(CHAT, completion({ refusal: undefined })),
      'choices[0].message: does not have required property "refusal"',
    ],
    [
      'an unknown field of a message',
      reply(CHAT, completion({ reasoning: 'x' })),
      'choices[0].message.reasoning is a field that OpenAI does not have',
    ],
    [
      'a finish_reason that is null',
      reply(CHAT, completion({}, 'stop', { choices: [{ ...completion().choices[0], finish_reason: null }] })),
      'choices[0].finish_reason: does not match any of',
    ],
    [
      'logprobs of a wrong form',
      reply(CHAT, completion({}, 'stop', { choices: [{ ...completion().choices[0], logprobs: { content: null } }] })),
      'choices[0].logprobs: does not have required property "refusal"',
    ],
    [
      'neither content nor a call',
      reply(CHAT, completion({ content: null })),
      'it has neither content nor a tool call',
    ],
    [
      'a call that finishes with stop',
      reply(CHAT, completion({ tool_calls: [toolCall] })),
      'it has a tool call and finishes with stop',
    ],
    [
      'a call of a custom tool with arguments',
      reply(
        CHAT,
        completion(
          { tool_calls: [{ id: 'call_2', type: 'custom', custom: { name: 'x', arguments: '' } }] },
          'tool_calls',
        ),
      ),
      'choices[0].message.tool_calls[0]',
    ],
    [
      'a finish of tool_calls without a call',
      reply(CHAT, completion({}, 'tool_calls')),
      'it finishes with tool_calls and has no call',
    ],
    [
      'a call with an index',
      reply(CHAT, completion({ tool_calls: [call(0)] }, 'tool_calls')),
      'choices[0].message.tool_calls[0].index is a field',
    ],
    [
      'arguments as an object',
      reply(CHAT, completion({ tool_calls: [{ ...toolCall, function: { name: 'x', arguments: {} } }] }, 'tool_calls')),
      'tool_calls[0].function.arguments: type "object" is invalid',
    ],
    [
      'empty arguments',
      reply(CHAT, completion({ tool_calls: [{ ...toolCall, function: { name: 'x', arguments: '' } }] }, 'tool_calls')),
      'the arguments of call 0 are no JSON object',
    ],
    [
      'a cost elsewhere than in usage',
      reply(CHAT, completion({}, 'stop', { cost_usd: 1 })),
      'cost_usd is a field that OpenAI does not have',
    ],
    [
      'a negative count',
      reply(CHAT, completion({}, 'stop', { usage: { ...USAGE, completion_tokens: -1 } })),
      'usage.completion_tokens: -1 is less than 0',
    ],
    ['a body that is no JSON', reply(CHAT, 'Hello.'), 'it is no JSON object'],
    ['a stream in a completion', reply(CHAT, stream(opening('a'))), 'it is no JSON object'],
    [
      'JSON of another type',
      reply(CHAT, completion(), { headers: { 'content-type': 'text/plain' } }),
      'the content-type is wrong: text/plain',
    ],
    [
      'a stream of another charset',
      reply(CHAT, stream(opening('a')), { headers: { 'content-type': 'text/event-stream' } }),
      'the content-type is wrong',
    ],
    ['a faulty stream', reply(CHAT, stream(opening('a')), EVENT_STREAM), '[DONE] comes without a finish_reason'],
    [
      'a compressed stream',
      reply(CHAT, '', { headers: { ...EVENT_STREAM.headers, 'content-encoding': 'gzip' } }),
      'it is compressed',
    ],
    ['bytes that are no text', reply(CHAT, '', { body: Uint8Array.of(0xff) }), 'it is not UTF-8'],
    ['a list that is an array', reply('/v1/models', [MODEL]), 'it is no JSON object'],
    [
      'a model without an owner',
      reply('/v1/models', { object: 'list', data: [{ ...MODEL, owned_by: undefined }] }),
      'data[0]: does not have required property "owned_by"',
    ],
    [
      'an unknown field of a model',
      reply('/v1/models/x', { ...MODEL, context: 1 }),
      'context is a field that OpenAI does not have',
    ],
    [
      'a failure in the other envelope',
      failed(CHAT, { error: 'not found', detail: 'No.' }),
      'error: type "string" is invalid',
    ],
    [
      'a failure with a field more',
      failed('/nowhere', { error: { ...ERROR.error, detail: 'x' } }),
      'error.detail is a field that OpenAI does not have',
    ],
    [
      'a failure without a word',
      failed('/nowhere', { error: { ...ERROR.error, message: '' } }),
      'error.message: String is too short',
    ],
    ['a failure without a body', failed('/nowhere', ''), 'it is no JSON object'],
  ])('fails: %s', (_, given, sentence) => {
    expect(judgeReply(given).join('\n')).toContain(sentence)
  })

  test('is named by its method, path and status', () => {
    expect(judgeReply(failed('/nowhere', 'No.'))).toEqual(['POST /nowhere (503): it is no JSON object: No.'])
  })
})
