import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GatewayError } from '../../core/index.ts'
import { parseChatRequest } from './chat-request.ts'

const user = { role: 'user', content: 'Здравей' }

/** A body that is taken, with `fields` besides. */
const withFields = (fields: object): object => ({ messages: [user], ...fields })

function refusalOf(body: unknown): {
  readonly code: string
  readonly param: string | undefined
  readonly message: string
} {
  try {
    parseChatRequest(body)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { code: error.code, param: error.param, message: error.message }
  }
  throw new Error('the body was taken')
}

const refused = (param: string | undefined): object => expect.objectContaining({ code: 'invalid_request', param })

test('[CC4] a minimal body is taken with every default', () => {
  expect(parseChatRequest({ messages: [user] })).toStrictEqual({
    model: undefined,
    history: [{ role: 'user', text: 'Здравей' }],
    stream: false,
    includeUsage: false,
    maxOutputTokens: undefined,
    reasoning: undefined,
    stopTexts: [],
    outputSchema: undefined,
    conversation: undefined,
    ignored: [],
  })
})

test('[CC4] every field but the messages may be null, as if it were not sent', () => {
  const fields = [
    'model',
    'stream',
    'stream_options',
    'max_tokens',
    'max_completion_tokens',
    'n',
    'stop',
    'response_format',
    'tools',
    'tool_choice',
    'functions',
    'metadata',
    'temperature',
    'top_p',
    'seed',
    'frequency_penalty',
    'presence_penalty',
    'service_tier',
    'logprobs',
    'top_logprobs',
    'logit_bias',
    'store',
    'user',
    'reasoning_effort',
    'verbosity',
    'prediction',
  ]
  const nulls = Object.fromEntries(fields.map((field) => [field, null]))
  expect(parseChatRequest({ ...nulls, messages: [user] })).toStrictEqual(parseChatRequest({ messages: [user] }))
  for (const field of fields) {
    expect(parseChatRequest(withFields({ [field]: null }))).toStrictEqual(parseChatRequest({ messages: [user] }))
  }
  expect(parseChatRequest(withFields({ stream_options: { include_usage: null } })).includeUsage).toBe(false)
})

test.each([[null], [0], ['text'], [true], [[]], [[user]]])('[CC4] a body that is no object is refused: %j', (body) => {
  expect(refusalOf(body)).toEqual(refused(undefined))
  expect(refusalOf(body).message).toMatch(/^The body must be a JSON object: /)
})

test.each([
  ['[CC4] no messages', {}, 'messages'],
  ['[CC4] messages that are null', { messages: null }, 'messages'],
  ['[CC4] messages that are empty', { messages: [] }, 'messages'],
  ['[CC4] messages that are a text', { messages: 'hi' }, 'messages'],
  ['[CC4] messages that are an object', { messages: { 0: user } }, 'messages'],
  ['[CC4] a message that is null', { messages: [user, null] }, 'messages[1]'],
  ['[CC4] a message that is a text', { messages: ['hi'] }, 'messages[0]'],
  ['[CC4] a message without a role', { messages: [{ content: 'hi' }] }, 'messages[0].role'],
  ['[CC4] a message of an unknown role', { messages: [user, { role: 'bot', content: 'hi' }] }, 'messages[1].role'],
  ['[CC4] a role of the wrong type', { messages: [{ role: 1, content: 'hi' }] }, 'messages[0].role'],
  ['[CC4] a user message without content', { messages: [{ role: 'user' }] }, 'messages[0].content'],
  [
    '[CC4] a user message whose content is null',
    { messages: [{ role: 'user', content: null }] },
    'messages[0].content',
  ],
  ['[CC4] a system message without content', { messages: [{ role: 'system' }, user] }, 'messages[0].content'],
  ['[CC4] a developer message without content', { messages: [{ role: 'developer' }, user] }, 'messages[0].content'],
  ['[CC4] content that is a number', { messages: [user, user, { role: 'user', content: 5 }] }, 'messages[2].content'],
  ['[CC4] content that is an object', { messages: [{ role: 'user', content: {} }] }, 'messages[0].content'],
  ['[CC4] a part that is a text', { messages: [{ role: 'user', content: ['hi'] }] }, 'messages[0].content[0]'],
  ['[CC4] a part that is null', { messages: [{ role: 'user', content: [null] }] }, 'messages[0].content[0]'],
  [
    '[CC4] a part without a type',
    { messages: [{ role: 'user', content: [{ text: 'hi' }] }] },
    'messages[0].content[0].type',
  ],
  [
    '[CC4] a text part without text',
    { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
    'messages[0].content[0]',
  ],
  [
    '[CC4] a text part whose text is a number',
    { messages: [{ role: 'user', content: [{ type: 'text', text: 5 }] }] },
    'messages[0].content[0]',
  ],
  ['[CC4] a model that is empty', withFields({ model: '' }), 'model'],
  ['[CC4] a model that is a number', withFields({ model: 4.1 }), 'model'],
  ['[CC4] stream as a text', withFields({ stream: 'true' }), 'stream'],
  ['[CC4] stream as a number', withFields({ stream: 1 }), 'stream'],
  ['[CC4] stream_options as a text', withFields({ stream_options: 'usage' }), 'stream_options'],
  [
    '[CC4] include_usage as a text',
    withFields({ stream_options: { include_usage: 'yes' } }),
    'stream_options.include_usage',
  ],
  ['[CC4] metadata as an array', withFields({ metadata: [] }), 'metadata'],
  ['[CC4] temperature as a text', withFields({ temperature: 'hot' }), 'temperature'],
  ['[CC4] top_p as an object', withFields({ top_p: {} }), 'top_p'],
  ['[CC8] a limit of 0', withFields({ max_tokens: 0 }), 'max_tokens'],
  ['[CC8] a limit below 0', withFields({ max_completion_tokens: -5 }), 'max_completion_tokens'],
  ['[CC8] a limit that is not whole', withFields({ max_tokens: 1.5 }), 'max_tokens'],
  ['[CC8] a limit as a text', withFields({ max_completion_tokens: '10' }), 'max_completion_tokens'],
  ['[CC8] a limit beyond whole numbers', withFields({ max_tokens: 1e300 }), 'max_tokens'],
  ['[CC9] two answers', withFields({ n: 2 }), 'n'],
  ['[CC9] no answer', withFields({ n: 0 }), 'n'],
  ['[CC9] a number of answers as a text', withFields({ n: '1' }), 'n'],
  ['[CC10] tools', withFields({ tools: [{ type: 'function', function: { name: 'f' } }] }), 'tools'],
  ['[CC10] tools that the model may choose', withFields({ tools: [{}], tool_choice: 'auto' }), 'tools'],
  ['[CC10] tools that the model must use', withFields({ tools: [{}], tool_choice: 'required' }), 'tools'],
  [
    '[CC10] a tool that is named',
    withFields({ tools: [{}], tool_choice: { type: 'function', function: { name: 'f' } } }),
    'tools',
  ],
  ['[CC10] tools whose choice is null', withFields({ tools: [{}], tool_choice: null }), 'tools'],
  ['[CC10] tools as an object', withFields({ tools: {} }), 'tools'],
  ['[CC11] an unknown response format', withFields({ response_format: { type: 'xml' } }), 'response_format.type'],
  ['[CC11] a response format without a type', withFields({ response_format: {} }), 'response_format.type'],
  ['[CC11] a response format as a text', withFields({ response_format: 'json_object' }), 'response_format'],
  [
    '[CC11] json_schema without its object',
    withFields({ response_format: { type: 'json_schema' } }),
    'response_format.json_schema.schema',
  ],
  [
    '[CC11] json_schema without a schema',
    withFields({ response_format: { type: 'json_schema', json_schema: { name: 'n' } } }),
    'response_format.json_schema.schema',
  ],
  [
    '[CC11] json_schema whose schema is null',
    withFields({ response_format: { type: 'json_schema', json_schema: { schema: null } } }),
    'response_format.json_schema.schema',
  ],
  [
    '[CC11] json_schema whose schema is an array',
    withFields({ response_format: { type: 'json_schema', json_schema: { schema: [] } } }),
    'response_format.json_schema.schema',
  ],
  [
    '[CC11] json_schema as a number',
    withFields({ response_format: { type: 'json_schema', json_schema: 5 } }),
    'response_format.json_schema',
  ],
  ['[CC12] a stop text that is empty', withFields({ stop: '' }), 'stop'],
  ['[CC12] a stop text that is a number', withFields({ stop: 5 }), 'stop'],
  ['[CC12] five stop texts', withFields({ stop: ['a', 'b', 'c', 'd', 'e'] }), 'stop'],
  ['[CC12] an empty stop text among others', withFields({ stop: ['a', ''] }), 'stop[1]'],
  ['[CC12] a stop text of the wrong type among others', withFields({ stop: ['a', null] }), 'stop[1]'],
])('%s is refused by name', (_, body, param) => {
  expect(refusalOf(body)).toEqual(refused(param))
  expect(refusalOf(body).message.startsWith(`\`${param}\`: `)).toBe(true)
})

test('[CC4] a refusal says what is expected', () => {
  expect(refusalOf({ messages: [] }).message).toBe('`messages`: at least one message is expected.')
  expect(refusalOf({ messages: [{ role: 'bot' }] }).message).toBe(
    '`messages[0].role`: one of system, developer, user, assistant is expected.',
  )
  expect(refusalOf(withFields({ n: 3 })).message).toBe('`n`: only 1 is possible: one request has one answer.')
  expect(refusalOf(withFields({ stop: '' })).message).toBe('`stop`: a stop text must not be empty.')
})

test('[CC5] text parts are joined as they are, for every role', () => {
  const content = [
    { type: 'text', text: 'Здра' },
    { type: 'text', text: '' },
    { type: 'text', text: 'вей 🙂', cache_control: { type: 'ephemeral' } },
  ]
  const roles = ['system', 'developer', 'user', 'assistant'] as const
  expect(parseChatRequest({ messages: roles.map((role) => ({ role, content })) }).history).toEqual(
    roles.map((role) => ({ role, text: 'Здравей 🙂' })),
  )
})

test('[CC5] no parts are an empty text', () => {
  expect(parseChatRequest({ messages: [{ role: 'user', content: [] }] }).history).toEqual([{ role: 'user', text: '' }])
})

test.each(['image_url', 'input_audio', 'file', 'Ж', ''])('[CC5] a part of type %j is refused by name', (type) => {
  const body = { messages: [user, user, { role: 'user', content: [{ type: 'text', text: 'a' }, { type }] }] }
  expect(refusalOf(body)).toEqual({
    code: 'invalid_request',
    param: 'messages[2].content[1]',
    message: `\`messages[2].content[1]\`: parts of type \`${type}\` cannot be taken; send text.`,
  })
})

test('[CC5] an assistant message may lack content, and what it refused to say is no text', () => {
  const messages = [
    { role: 'assistant' },
    { role: 'assistant', content: null },
    { role: 'assistant', content: null, tool_calls: [] },
    { role: 'assistant', content: null, tool_calls: null },
    {
      role: 'assistant',
      content: [
        { type: 'refusal', refusal: 'no' },
        { type: 'text', text: 'but' },
      ],
    },
  ]
  expect(parseChatRequest({ messages }).history.map(({ text }) => text)).toEqual(['', '', '', '', 'but'])
})

test('[CC6] instructions of both roles keep their places and turns need not alternate', () => {
  const messages = [
    { role: 'assistant', content: 'a' },
    { role: 'system', content: 'b' },
    { role: 'user', content: 'c' },
    { role: 'user', content: 'd' },
    { role: 'developer', content: 'e' },
    { role: 'system', content: 'f' },
  ]
  expect(parseChatRequest({ messages }).history).toStrictEqual(
    messages.map(({ role, content }) => ({ role, text: content })),
  )
})

test('[CC6] texts come through as they were sent, whatever is in them', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('\ud83d', '\ude42', 'Ж', '\0', '\n', ' ', '✓') }),
  )
  fc.assert(
    fc.property(
      fc.array(fc.record({ role: fc.constantFrom('system', 'developer', 'user', 'assistant'), content: anyText }), {
        minLength: 1,
      }),
      (messages) => {
        expect(parseChatRequest({ messages }).history).toEqual(
          messages.map(({ role, content }) => ({ role, text: content })),
        )
      },
    ),
  )
})

test('[CC5] a text cut into parts anywhere is the same text', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (pieces) => {
      const content = pieces.map((text) => ({ type: 'text', text }))
      expect(parseChatRequest({ messages: [{ role: 'user', content }] }).history).toEqual([
        { role: 'user', text: pieces.join('') },
      ])
    }),
  )
})

test('[CC4] a huge message and a long history are taken whole', () => {
  const huge = 'Ж🙂'.repeat(500_000)
  const messages = [...Array.from({ length: 5000 }, () => user), { role: 'user', content: huge }]
  const { history } = parseChatRequest({ messages })
  expect(history).toHaveLength(5001)
  expect(history.at(-1)).toEqual({ role: 'user', text: huge })
})

test.each(['tool', 'function'])('[CC10] a message of role %s is refused by name', (role) => {
  expect(refusalOf({ messages: [user, { role, content: '{}', tool_call_id: 'c', name: 'f' }] })).toEqual({
    code: 'invalid_request',
    param: 'messages[1].role',
    message: `\`messages[1].role\`: messages of role \`${role}\` cannot be taken: client functions are not served.`,
  })
})

test('[CC10] calls in an assistant message are refused by name', () => {
  const calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }]
  expect(refusalOf({ messages: [user, { role: 'assistant', tool_calls: calls }] })).toEqual(
    refused('messages[1].tool_calls'),
  )
  expect(refusalOf({ messages: [user, { role: 'assistant', tool_calls: 'f' }] })).toEqual(
    refused('messages[1].tool_calls'),
  )
})

test('[CC10] tools that are empty or switched off are as if not sent', () => {
  const plain = parseChatRequest({ messages: [user] })
  expect(parseChatRequest(withFields({ tools: [] }))).toStrictEqual(plain)
  expect(parseChatRequest(withFields({ tools: [], tool_choice: 'auto' }))).toStrictEqual(plain)
  expect(parseChatRequest(withFields({ tools: [], functions: [] }))).toStrictEqual(plain)
  expect(parseChatRequest(withFields({ tool_choice: 'required' }))).toStrictEqual(plain)
  expect(parseChatRequest(withFields({ tools: [{ type: 'function' }], tool_choice: 'none' }))).toStrictEqual({
    ...plain,
    ignored: ['tools'],
  })
})

test.each([
  ['temperature', 0],
  ['temperature', 1],
  ['top_p', 1],
  ['seed', 0],
  ['frequency_penalty', 0.5],
  ['presence_penalty', -2],
  ['service_tier', 'flex'],
  ['logprobs', true],
  ['top_logprobs', 5],
  ['logit_bias', { 50_256: -100 }],
  ['store', true],
  ['user', 'someone'],
  ['verbosity', 'low'],
  ['prediction', { type: 'content', content: 'a' }],
])('[CC7] %s %j is accepted and named as ignored', (name, value) => {
  expect(parseChatRequest(withFields({ [name]: value }))).toStrictEqual({
    ...parseChatRequest({ messages: [user] }),
    ignored: [name],
  })
})

test.each([
  ['frequency_penalty', 0],
  ['presence_penalty', 0],
  ['service_tier', 'auto'],
  ['service_tier', 'default'],
  ['logprobs', false],
  ['store', false],
  ['parallel_tool_calls', false],
])('[CC7] %s %j asks for nothing and is not named', (name, value) => {
  expect(parseChatRequest(withFields({ [name]: value })).ignored).toEqual([])
})

test('[CC7] all ignored parameters are named, each once', () => {
  const body = withFields({ user: 'u', seed: 7, temperature: 0.2, tools: [{}], tool_choice: 'none' })
  expect(parseChatRequest(body).ignored.toSorted()).toEqual(['seed', 'temperature', 'tools', 'user'])
})

test('[CC8] both names of the limit are one, and the new name goes first', () => {
  expect(parseChatRequest(withFields({ max_tokens: 1 })).maxOutputTokens).toBe(1)
  expect(parseChatRequest(withFields({ max_completion_tokens: 64_000 })).maxOutputTokens).toBe(64_000)
  expect(parseChatRequest(withFields({ max_tokens: 5, max_completion_tokens: 7 })).maxOutputTokens).toBe(7)
  expect(parseChatRequest(withFields({ max_tokens: 5, max_completion_tokens: null })).maxOutputTokens).toBe(5)
})

test.each([
  ['none', 'none'],
  ['minimal', 'none'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
])('[CC16] reasoning_effort %j asks for the effort %j, and is not named as ignored', (reasoning_effort, reasoning) => {
  expect(parseChatRequest(withFields({ reasoning_effort }))).toStrictEqual({
    ...parseChatRequest({ messages: [user] }),
    reasoning,
  })
})

test.each(['xhigh', 'max', 'High', ' low', '', 'toString', '__proto__', 0, 1, true, ['low'], { low: 'low' }])(
  '[CC16] reasoning_effort %j is not known: it asks for nothing and is named',
  (reasoning_effort) => {
    expect(parseChatRequest(withFields({ reasoning_effort }))).toStrictEqual({
      ...parseChatRequest({ messages: [user] }),
      ignored: ['reasoning_effort'],
    })
  },
)

test('[CC9] one answer may be asked for', () => {
  expect(parseChatRequest(withFields({ n: 1 }))).toStrictEqual(parseChatRequest({ messages: [user] }))
})

test('[CC11] each response format gives the schema that the answer must satisfy', () => {
  const schemaOf = (response_format: object): object | undefined =>
    parseChatRequest(withFields({ response_format })).outputSchema
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: { ж: {} } }
  expect(schemaOf({ type: 'text' })).toBeUndefined()
  expect(schemaOf({ type: 'json_object' })).toEqual({ type: 'object', additionalProperties: true })
  expect(schemaOf({ type: 'json_schema', json_schema: { name: 'n', strict: true, schema } })).toEqual({
    type: 'object',
    properties: { ж: {} },
  })
  expect(schemaOf({ type: 'json_schema', json_schema: { schema: {} } })).toEqual({ type: 'object' })
  expect(() => schemaOf({ type: 'json_schema', json_schema: { schema: { type: 'array' } } })).toThrow(
    /`object` is expected/,
  )
})

test('[CC12] stop is one text or up to four, taken as they are', () => {
  const stopsOf = (stop: unknown): readonly string[] => parseChatRequest(withFields({ stop })).stopTexts
  expect(stopsOf('\n')).toEqual(['\n'])
  expect(stopsOf('Край 🙂')).toEqual(['Край 🙂'])
  expect(stopsOf([])).toEqual([])
  expect(stopsOf([' ', 'b', 'c', 'd'])).toEqual([' ', 'b', 'c', 'd'])
})

test('[CC14] unknown fields are let through, at every level', () => {
  const body = {
    messages: [{ ...user, name: 'Ива', unknown: {} }],
    extra_body: { a: 1 },
    modalities: ['text'],
    stream_options: { include_obfuscation: false },
    response_format: { type: 'text', unknown: 1 },
  }
  expect(parseChatRequest(body)).toStrictEqual(parseChatRequest({ messages: [user] }))
})

test('[CC14] a field that is named like an object’s prototype sets nothing', () => {
  const hostile: unknown = JSON.parse(
    '{"messages":[{"role":"user","content":"Здравей","__proto__":{"role":"system"}}],"__proto__":{"stream":true,"n":2,"seed":1},"constructor":{"stream":true}}',
  )
  expect(parseChatRequest(hostile)).toStrictEqual(parseChatRequest({ messages: [user] }))
})

test('[CC15] metadata may name the conversation; what is no name does not', () => {
  const nameOf = (metadata: unknown): string | undefined => parseChatRequest(withFields({ metadata })).conversation
  expect(nameOf({ conversation: 'разговор 🙂', other: 1 })).toBe('разговор 🙂')
  expect(nameOf({ conversation: '' })).toBeUndefined()
  expect(nameOf({ conversation: null })).toBeUndefined()
  expect(nameOf({})).toBeUndefined()
})

test('[CC1] stream and include_usage are what was sent', () => {
  expect(parseChatRequest(withFields({ stream: true })).stream).toBe(true)
  expect(parseChatRequest(withFields({ stream: false })).stream).toBe(false)
  expect(parseChatRequest(withFields({ stream: true, stream_options: {} })).includeUsage).toBe(false)
  expect(parseChatRequest(withFields({ stream: true, stream_options: { include_usage: true } })).includeUsage).toBe(
    true,
  )
  expect(parseChatRequest(withFields({ model: 'recruiter-triage/opus' })).model).toBe('recruiter-triage/opus')
})

test('[CC4] anything at all is either taken or refused as an invalid request', () => {
  const field = fc.constantFrom(
    'messages',
    'model',
    'stream',
    'stop',
    'tools',
    'response_format',
    'n',
    'metadata',
    'user',
  )
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(field, fc.jsonValue())), (body) => {
      const outcome = ((): string => {
        try {
          parseChatRequest(body)
          return 'taken'
        } catch (error) {
          return error instanceof GatewayError ? error.code : String(error)
        }
      })()
      expect(['taken', 'invalid_request']).toContain(outcome)
    }),
    { numRuns: 500 },
  )
})
