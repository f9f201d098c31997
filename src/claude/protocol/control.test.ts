import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anySettings } from '../../../test/support/histories.ts'
import {
  initializeRequest,
  interruptRequest,
  isRewound,
  isWithdrawn,
  rewindRequest,
  serversRequest,
  setModelRequest,
  settingsRequest,
  withoutDialect,
  type Settings,
} from './control.ts'
import { decodeLine } from './decode.ts'
import type { ControlAnswer } from './message.ts'

const answer = (fields: Record<string, unknown>, problem?: string): ControlAnswer => ({
  type: 'control-answer',
  requestId: 'r',
  problem,
  fields,
})

test('[CL1] the first request holds the system prompt and the schema, where there are any, and asks for no title', () => {
  const least = { subtype: 'initialize', title: 'turn', systemPromptSnapshot: false }
  const outputSchema = { type: 'object' }
  expect(initializeRequest({})).toStrictEqual(least)
  expect(initializeRequest({ system: 'S' })).toStrictEqual({ ...least, systemPrompt: ['S'] })
  expect(initializeRequest({ outputSchema })).toStrictEqual({ ...least, jsonSchema: outputSchema })
  expect(initializeRequest({ system: 'S', outputSchema })).toStrictEqual({
    ...least,
    systemPrompt: ['S'],
    jsonSchema: outputSchema,
  })
})

test('[CL1] a model is set by its name, with the system prompt where that is to change too', () => {
  expect(setModelRequest({ model: 'haiku' })).toStrictEqual({ subtype: 'set_model', model: 'haiku' })
  expect(setModelRequest({ model: 'haiku', system: 'S' })).toStrictEqual({
    subtype: 'set_model',
    model: 'haiku',
    system_prompt: 'S',
  })
})

test('a system prompt that is taken away is told by the CLI’s own mark for none', () => {
  expect(setModelRequest({ model: 'haiku', system: '' })).toStrictEqual({
    subtype: 'set_model',
    model: 'haiku',
    system_prompt: '__SYSTEM_PROMPT_DYNAMIC_BOUNDARY__',
  })
})

const set = (effortLevel: string, limit: string, disabled: string, body = ''): object => ({
  subtype: 'apply_flag_settings',
  settings: {
    effortLevel,
    env: { CLAUDE_CODE_MAX_OUTPUT_TOKENS: limit, CLAUDE_CODE_DISABLE_THINKING: disabled, CLAUDE_CODE_EXTRA_BODY: body },
  },
})

test('[WP7] [CC16] without a limit and without thinking the settings say so', () => {
  expect(settingsRequest({ maxOutputTokens: undefined, reasoning: 'none' })).toStrictEqual(set('low', '', '1'))
})

test('[WP7] [CC8] [CC16] a limit and an effort are set as they were asked for', () => {
  expect(settingsRequest({ maxOutputTokens: 17, reasoning: 'low' })).toStrictEqual(set('low', '17', ''))
  expect(settingsRequest({ maxOutputTokens: 1, reasoning: 'medium' })).toStrictEqual(set('medium', '1', ''))
  expect(settingsRequest({ maxOutputTokens: 64_000, reasoning: 'high' })).toStrictEqual(set('high', '64000', ''))
})

/** The names of all that is set, with no word of the values. */
const shapeOf = (value: unknown): unknown =>
  value !== null && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
    : typeof value

test('[WP7] every setting is told each time, so that none of an earlier turn stays', () => {
  const shape = {
    subtype: 'string',
    settings: {
      effortLevel: 'string',
      env: {
        CLAUDE_CODE_MAX_OUTPUT_TOKENS: 'string',
        CLAUDE_CODE_DISABLE_THINKING: 'string',
        CLAUDE_CODE_EXTRA_BODY: 'string',
      },
    },
  }
  fc.assert(
    fc.property(fc.option(fc.integer({ min: 1 }), { nil: undefined }), anySettings, (maxOutputTokens, settings) => {
      const request: unknown = JSON.parse(JSON.stringify(settingsRequest({ ...settings, maxOutputTokens })))
      expect(shapeOf(request)).toEqual(shape)
    }),
  )
})

test('a rewind names the message that goes first, and the newest one where that is another', () => {
  expect(rewindRequest({ target: 'a' })).toStrictEqual({ subtype: 'rewind_conversation', target_message_uuid: 'a' })
  expect(rewindRequest({ target: 'a', newest: 'c' })).toStrictEqual({
    subtype: 'rewind_conversation',
    target_message_uuid: 'a',
    last_seen_user_message_uuid: 'c',
  })
})

test('an interrupt also withdraws what is still queued', () => {
  expect(interruptRequest).toStrictEqual({ subtype: 'interrupt', cancel_queued: true })
})

test('[WP4] a rewind was done where the answer says so in so many words, and in no other case', () => {
  expect(isRewound(answer({ rewound: true }))).toBe(true)
  expect(isRewound(answer({ rewound: true, messages_removed: 2, else: null }))).toBe(true)
  for (const fields of [
    {},
    { rewound: false },
    { rewound: 'true' },
    { rewound: 1 },
    { rewound: null },
    { rewound: [true] },
    { Rewound: true },
    { rewound: false, reason: 'not the newest message' },
  ])
    expect([fields, isRewound(answer(fields))]).toEqual([fields, false])
  expect(isRewound(answer({ rewound: true }, 'error'))).toBe(false)
})

test('[WP4] a question was withdrawn where the answer lists it, and in no other case', () => {
  expect(isWithdrawn(answer({ cancelled: ['u'] }), 'u')).toBe(true)
  expect(isWithdrawn(answer({ cancelled: ['a', 'u', 7, null], interrupted: false }), 'u')).toBe(true)
  for (const fields of [
    {},
    { cancelled: [] },
    { cancelled: ['U', 'uu', ''] },
    { cancelled: 'u' },
    { cancelled: { u: true } },
    { cancelled: [['u']] },
    { cancelled: [{ uuid: 'u' }] },
    { cancelled: null },
    { canceled: ['u'] },
  ])
    expect([fields, isWithdrawn(answer(fields), 'u')]).toEqual([fields, false])
})

test('[WP4] no answer whatever makes reading it throw', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('rewound', 'cancelled', 'x'), fc.jsonValue()),
      fc.jsonValue(),
      (fields, odd) => {
        const line = JSON.stringify({
          type: 'control_response',
          response: { subtype: 'success', request_id: 'r', response: odd },
        })
        const decoded = decodeLine(line)
        if (!decoded.ok || decoded.message.type !== 'control-answer') throw new Error('an answer was expected')
        for (const given of [answer(fields), decoded.message]) {
          expect(isRewound(given)).toBeTypeOf('boolean')
          expect(isWithdrawn(given, 'u')).toBeTypeOf('boolean')
        }
      },
    ),
  )
})

const PLAIN: Settings = { maxOutputTokens: undefined, reasoning: 'none' }

test.each<readonly [string, Partial<Settings>, string]>([
  ['nothing', {}, ''],
  ['a temperature', { sampling: { temperature: 0 } }, '{"temperature":0}'],
  ['a temperature and more', { sampling: { temperature: 0.25, topP: 0.9 } }, '{"temperature":0.25,"top_p":0.9}'],
  ['no sampling in particular', { sampling: {} }, ''],
  ['stop texts', { stopTexts: ['END', '"\n'] }, '{"stop_sequences":["END","\\"\\n"]}'],
  [
    'calls as the model likes, one at once',
    { choice: { of: 'auto', parallel: false } },
    '{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}',
  ],
  ['no calls', { choice: { of: 'none', parallel: true } }, '{"tool_choice":{"type":"none"}}'],
  ['no calls, one at once', { choice: { of: 'none', parallel: false } }, '{"tool_choice":{"type":"none"}}'],
  ['some call', { choice: { of: 'required', parallel: true } }, '{"tool_choice":{"type":"any"}}'],
  [
    'one call',
    { choice: { of: 'required', parallel: false } },
    '{"tool_choice":{"type":"any","disable_parallel_tool_use":true}}',
  ],
  [
    'a function',
    { choice: { of: { name: 'f' }, parallel: true } },
    '{"tool_choice":{"type":"tool","name":"mcp__b__f"}}',
  ],
  [
    'a function once',
    { choice: { of: { name: 'f' }, parallel: false } },
    '{"tool_choice":{"type":"tool","name":"mcp__b__f","disable_parallel_tool_use":true}}',
  ],
])('[WP7] [FN6] [CC12] [CC19] %s is asked of the model API, and nothing else', (_, settings, body) => {
  expect(settingsRequest({ ...PLAIN, ...settings }, { server: 'b' })).toStrictEqual(set('low', '', '1', body))
})

test('[FN6] a function is chosen by its name under the server that offers it', () => {
  const choice = { of: { name: 'f' }, parallel: true } as const
  expect(settingsRequest({ ...PLAIN, choice }, { server: 'a' })).toStrictEqual(
    set('low', '', '1', '{"tool_choice":{"type":"tool","name":"mcp__a__f"}}'),
  )
})

test('[FN7] one server offers the functions, or none', () => {
  expect(serversRequest('a')).toStrictEqual({
    subtype: 'mcp_set_servers',
    servers: { a: { type: 'sdk', name: 'a' } },
  })
  expect(serversRequest('b')).toStrictEqual({
    subtype: 'mcp_set_servers',
    servers: { b: { type: 'sdk', name: 'b' } },
  })
  expect(serversRequest(undefined)).toStrictEqual({ subtype: 'mcp_set_servers', servers: {} })
})

test('[CC11] of a schema only its dialect is left out, and only at its top', () => {
  const inner = { $schema: 'x', type: 'string' }
  const schema = { $schema: 'https://json-schema.org/draft-07/schema', type: 'object', properties: { $schema: inner } }
  expect(withoutDialect(schema)).toStrictEqual({ type: 'object', properties: { $schema: inner } })
  expect(schema).toHaveProperty('$schema')
  expect(initializeRequest({ outputSchema: schema })).toMatchObject({
    jsonSchema: { type: 'object', properties: { $schema: inner } },
  })
})
