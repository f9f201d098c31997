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
    sampling: undefined,
    stopTexts: [],
    functions: undefined,
    outputSchema: undefined,
    conversation: undefined,
    ignored: [],
  })
})

test('[CC4] [R7] every field but the messages may be null, as if it were not sent', () => {
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
    'parallel_tool_calls',
    'functions',
    'function_call',
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
    'modalities',
    'audio',
    'web_search_options',
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
  ['[CC4] temperature below 0', withFields({ temperature: -0.1 }), 'temperature'],
  ['[CC4] temperature above 2', withFields({ temperature: 2.1 }), 'temperature'],
  ['[CC4] top_p as an object', withFields({ top_p: {} }), 'top_p'],
  ['[CC4] top_p below 0', withFields({ top_p: -1 }), 'top_p'],
  ['[CC4] top_p above 1', withFields({ top_p: 1.1 }), 'top_p'],
  ['[CC8] a limit of 0', withFields({ max_tokens: 0 }), 'max_tokens'],
  ['[CC8] a limit below 0', withFields({ max_completion_tokens: -5 }), 'max_completion_tokens'],
  ['[CC8] a limit that is not whole', withFields({ max_tokens: 1.5 }), 'max_tokens'],
  ['[CC8] a limit as a text', withFields({ max_completion_tokens: '10' }), 'max_completion_tokens'],
  ['[CC8] a limit beyond whole numbers', withFields({ max_tokens: 1e300 }), 'max_tokens'],
  ['[CC9] [R6] two answers', withFields({ n: 2 }), 'n'],
  ['[CC9] no answer', withFields({ n: 0 }), 'n'],
  ['[CC9] a number of answers as a text', withFields({ n: '1' }), 'n'],
  ['[CC12] a stop text that is empty', withFields({ stop: '' }), 'stop'],
  ['[CC12] a stop text that is a number', withFields({ stop: 5 }), 'stop'],
  ['[CC12] five stop texts', withFields({ stop: ['a', 'b', 'c', 'd', 'e'] }), 'stop'],
  ['[CC12] an empty stop text among others', withFields({ stop: ['a', ''] }), 'stop[1]'],
  ['[CC12] a stop text that is half a character', withFields({ stop: ['a', '\ud83d'] }), 'stop[1]'],
  ['[CC12] a stop text of the wrong type among others', withFields({ stop: ['a', null] }), 'stop[1]'],
])('%s is refused by name', (_, body, param) => {
  expect(refusalOf(body)).toEqual(refused(param))
  expect(refusalOf(body).message.startsWith(`\`${param}\`: `)).toBe(true)
})

test('[CC4] a refusal says what is expected', () => {
  expect(refusalOf({ messages: [] }).message).toBe('`messages`: at least one message is expected.')
  expect(refusalOf({ messages: [{ role: 'bot' }] }).message).toBe(
    '`messages[0].role`: one of system, developer, user, assistant, tool, function is expected.',
  )
  expect(refusalOf(withFields({ n: 3 })).message).toBe('`n`: only 1 is possible: one request has one answer.')
  expect(refusalOf(withFields({ stop: '' })).message).toBe('`stop`: a stop text must not be empty.')
})

test('[CC4] a huge message and a long history are taken whole', () => {
  const huge = 'Ж🙂'.repeat(500_000)
  const messages = [...Array.from({ length: 5000 }, () => user), { role: 'user', content: huge }]
  const { history } = parseChatRequest({ messages })
  expect(history).toHaveLength(5001)
  expect(history.at(-1)).toEqual({ role: 'user', text: huge })
})

test.each([
  ['temperature', 2],
  ['seed', 0],
  ['frequency_penalty', 0.5],
  ['presence_penalty', -2],
  ['service_tier', 'flex'],
  ['logprobs', true],
  ['logit_bias', { 50_256: -100 }],
  ['store', true],
  ['user', 'someone'],
  ['metadata', { a: '1' }],
  ['reasoning_effort', 'xhigh'],
  ['verbosity', 'low'],
  ['prediction', { type: 'content', content: 'a' }],
  ['modalities', ['text', 'audio']],
  ['audio', { voice: 'alloy', format: 'wav' }],
])('[CC7] [R3] %s %j is accepted and named as ignored', (name, value) => {
  expect(parseChatRequest(withFields({ [name]: value }))).toStrictEqual({
    ...parseChatRequest({ messages: [user] }),
    ignored: [name],
  })
})

test('[CC7] [CC11] all that is ignored is named, each once', () => {
  const body = withFields({
    user: 'u',
    seed: 7,
    temperature: 0.2,
    top_p: 0.5,
    stop: 'a',
    response_format: { type: 'json_object' },
  })
  expect(parseChatRequest(body).ignored.toSorted()).toEqual(['seed', 'stop', 'top_p', 'user'])
})

test('[CC19] temperature and top_p are taken, unless the model is to think', () => {
  expect(parseChatRequest(withFields({ temperature: 0.2 }))).toMatchObject({
    sampling: { temperature: 0.2 },
    ignored: [],
  })
  expect(parseChatRequest(withFields({ top_p: 0.2 }))).toMatchObject({ sampling: { topP: 0.2 }, ignored: [] })
  expect(parseChatRequest(withFields({ temperature: 0.2, reasoning_effort: 'low' }))).toMatchObject({
    reasoning: 'low',
    sampling: undefined,
    ignored: ['temperature'],
  })
})

test('[CC8] [R4] both names of the limit are one, and the new name goes first', () => {
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
])(
  '[CC16] [R3] reasoning_effort %j asks for the effort %j, and is not named as ignored',
  (reasoning_effort, reasoning) => {
    expect(parseChatRequest(withFields({ reasoning_effort }))).toStrictEqual({
      ...parseChatRequest({ messages: [user] }),
      reasoning,
    })
  },
)

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

test('[CC12] [R6] stop is one text or up to four, taken as they are', () => {
  const stopsOf = (stop: unknown): readonly string[] => parseChatRequest(withFields({ stop })).stopTexts
  expect(stopsOf('\n')).toEqual(['\n'])
  expect(stopsOf('Край 🙂')).toEqual(['Край 🙂'])
  expect(stopsOf([])).toEqual([])
  expect(stopsOf([' ', 'b', 'c', 'd'])).toEqual([' ', 'b', 'c', 'd'])
})

test('[CC14] [R1] unknown fields are let through, at every level', () => {
  const body = {
    messages: [{ ...user, tool_call_id: 'c', unknown: {} }],
    extra_body: { a: 1 },
    modalities: ['text'],
    a_field_of_tomorrow: true,
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

test('[CC15] [R8] metadata may name the conversation; what is no name does not', () => {
  const nameOf = (metadata: unknown): string | undefined => parseChatRequest(withFields({ metadata })).conversation
  expect(nameOf({ conversation: 'разговор 🙂', other: 1 })).toBe('разговор 🙂')
  expect(nameOf({ conversation: '' })).toBeUndefined()
  expect(nameOf({ conversation: null })).toBeUndefined()
  expect(nameOf({})).toBeUndefined()
})

test('[CC1] [R5] stream and include_usage are what was sent', () => {
  expect(parseChatRequest(withFields({ stream: true })).stream).toBe(true)
  expect(parseChatRequest(withFields({ stream: false })).stream).toBe(false)
  expect(parseChatRequest(withFields({ stream: true, stream_options: {} })).includeUsage).toBe(false)
  expect(parseChatRequest(withFields({ stream: true, stream_options: { include_usage: true } })).includeUsage).toBe(
    true,
  )
  expect(parseChatRequest(withFields({ model: 'recruiter-triage/opus' })).model).toBe('recruiter-triage/opus')
})

const anyMessage = fc.record(
  {
    role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'function', 'bot'),
    content: fc.oneof(
      fc.string(),
      fc.array(fc.record({ type: fc.constantFrom('text', 'image_url', 'toString', ''), text: fc.jsonValue() })),
      fc.jsonValue(),
    ),
    name: fc.oneof(fc.string(), fc.jsonValue()),
    tool_calls: fc.oneof(fc.array(fc.record({ id: fc.string(), function: fc.jsonValue() })), fc.jsonValue()),
    tool_call_id: fc.oneof(fc.string(), fc.jsonValue()),
    function_call: fc.jsonValue(),
  },
  { requiredKeys: ['role'] },
)

test('[CC4] anything at all is either taken or refused as an invalid request', () => {
  const field = fc.constantFrom(
    'messages',
    'model',
    'stream',
    'stop',
    'tools',
    'tool_choice',
    'functions',
    'response_format',
    'temperature',
    'n',
    'metadata',
    'user',
  )
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.dictionary(field, fc.jsonValue()), fc.record({ messages: fc.array(anyMessage) })),
      (body) => {
        const outcome = ((): string => {
          try {
            parseChatRequest(body)
            return 'taken'
          } catch (error) {
            return error instanceof GatewayError ? error.code : String(error)
          }
        })()
        expect(['taken', 'invalid_request']).toContain(outcome)
      },
    ),
    { numRuns: 500 },
  )
})
