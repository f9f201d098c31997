import { expect, test } from 'vitest'
import { parseConversationalRequest } from './conversational/index.ts'
import { parseJobListQuery, parseJobRequest } from './jobs/index.ts'
import { parseChatRequest } from './openai/index.ts'

const tool = {
  type: 'function',
  function: { name: 'a', description: 'd', parameters: { type: 'object' }, strict: true },
}
const chosen = { type: 'function', function: { name: 'a' } }
const schema = { type: 'object', properties: { a: { type: 'string' } } }
const chat = (rest: object) => ({
  model: 'haiku',
  messages: [
    { role: 'system', content: [{ type: 'text', text: 'a' }] },
    { role: 'user', name: 'n', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] },
    { role: 'user', content: [{ type: 'file', file: { file_data: 'data:,', filename: 'a' } }] },
    { role: 'assistant', tool_calls: [{ id: 'd', type: 'custom', custom: { name: 'a', input: 'i' } }] },
    { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'a', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'c', content: 'r' },
    { role: 'assistant', function_call: { name: 'a', arguments: '{}' } },
  ],
  stream: true,
  stream_options: { include_usage: true },
  max_tokens: 5,
  n: 1,
  stop: ['a'],
  temperature: 1,
  top_p: 1,
  tools: [tool, { type: 'custom', custom: { name: 'b', description: 'd', format: { type: 'text' } } }],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
  metadata: { conversation: 'c' },
  ...rest,
})
const job = {
  prompt: 'p',
  agent: 'a',
  max_budget_usd: 1,
  timeout_seconds: 1,
  metadata: {},
  priority: 1,
  callback_url: 'https://a/',
  push: { branch: 'b' },
}

const ODD = [
  'any',
  '',
  null,
  5,
  -1,
  1.5,
  Infinity,
  true,
  [],
  {},
  [[]],
  [{}],
  [null],
  ['x'.repeat(5)],
  { type: 'any' },
  { type: 5 },
]

/** A copy for each value in it, with an odd one in its place. */
function* spoilt(value: unknown): Generator {
  yield* ODD
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    for (const odd of spoilt(inner)) {
      yield Array.isArray(value) ? value.with(Number(key), odd) : { ...value, [key]: odd }
    }
    if (!Array.isArray(value)) yield { ...value, [key]: undefined }
  }
}

test.each<[string, (body: unknown) => unknown, unknown]>([
  ['chat', parseChatRequest, chat({})],
  ['a chosen function', parseChatRequest, chat({ tool_choice: chosen })],
  [
    'allowed tools',
    parseChatRequest,
    chat({ tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [chosen] } } }),
  ],
  ['jobs', (body) => parseJobRequest(body, JSON.stringify(body)), job],
  ['conversational', parseConversationalRequest, { session_id: 's', message: 'm', model: 'a', stream: true }],
  ['the list of jobs', (query) => parseJobListQuery(query as Record<string, string>), { status: 'queued', limit: '5' }],
])('[CC33] no sentence of the validator reaches the sender of %s, whatever is wrong', (_kind, parse, body) => {
  let refused = 0
  for (const odd of spoilt(body)) {
    try {
      parse(odd)
    } catch (error) {
      refused++
      expect(error).toMatchObject({ code: 'invalid_request' })
      expect((error as Error).message).not.toMatch(
        /invalid|too (big|small)|unrecognized|expected (one|string|object|array)/i,
      )
      expect((error as Error).message).toMatch(/^(`.+`|The body must be a JSON object): .+\.$/)
    }
  }
  expect(refused).toBeGreaterThan(20)
})

test.each([
  ['any', 'tool_choice'],
  [5, 'tool_choice'],
  [{ type: 'any' }, 'tool_choice.type'],
])('[CC33] a `tool_choice` of %j says what is expected', (choice, param) => {
  expect(() => parseChatRequest(chat({ tool_choice: choice }))).toThrow(
    `\`${param}\`: one of none, auto, required, or an object that names a tool, is expected.`,
  )
})
