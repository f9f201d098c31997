import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { History } from '../../core/index.ts'
import { parseChatRequest } from './chat-request.ts'

const user = { role: 'user', content: 'Здравей' }
const historyOf = (...messages: readonly unknown[]): History => parseChatRequest({ messages }).history
const refused = (param: string, message: string): object =>
  expect.objectContaining({ code: 'invalid_request', param, message: `\`${param}\`: ${message}.` })

const aText = (text: string): object => ({ type: 'text', text })
const aPicture = (url: unknown): object => ({ type: 'image_url', image_url: { url } })

const INSTRUCTIONS = ['system', 'developer'] as const
const TALK = [...INSTRUCTIONS, 'user', 'assistant'] as const
/** A result in either form, and what it is then. */
const RESULTS = [
  [
    { role: 'tool', tool_call_id: 'call_1' },
    { role: 'tool', callId: 'call_1' },
  ],
  [
    { role: 'function', name: 'weather' },
    { role: 'tool', callId: 'function_weather' },
  ],
] as const

test.each(TALK)('[CC5] [R15] content of the role %s is a string or parts of text, joined as they are', (role) => {
  const parts = [{ ...aText('Здра'), cache_control: { type: 'ephemeral' } }, aText(''), aText('вей 🙂 ')]
  const expected = [{ role, text: 'Здравей 🙂 ' }]
  expect(historyOf({ role, content: 'Здравей 🙂 ' })).toStrictEqual(expected)
  expect(historyOf({ role, content: parts })).toStrictEqual(expected)
  expect(historyOf({ role, content: [] })).toStrictEqual([{ role, text: '' }])
  expect(historyOf({ role, content: '' })).toStrictEqual([{ role, text: '' }])
})

test.each(RESULTS)('[CC5] [FN4] [R15] content of a result is a string or parts, or nothing: %j', (given, expected) => {
  expect(historyOf({ ...given, content: ' {"a": 1}\n' })).toStrictEqual([{ ...expected, text: ' {"a": 1}\n' }])
  expect(historyOf({ ...given, content: [aText('{"a":'), aText(' 1}')] })).toStrictEqual([
    { ...expected, text: '{"a": 1}' },
  ])
  for (const nothing of [{}, { content: null }, { content: '' }, { content: [] }])
    expect(historyOf({ ...given, ...nothing })).toStrictEqual([{ ...expected, text: '' }])
})

test.each([...INSTRUCTIONS, 'user'])('[CC4] a message of the role %s without content is refused', (role) => {
  const problem = refused('messages[1].content', 'a string or an array of parts is expected')
  expect(() => historyOf(user, { role })).toThrow(problem)
  expect(() => historyOf(user, { role, content: null })).toThrow(problem)
})

test('[CC5] [R19] an assistant message may lack content, with calls or without', () => {
  const calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }]
  for (const nothing of [{}, { content: null }, { content: '' }, { content: [] }]) {
    expect(historyOf({ role: 'assistant', ...nothing })).toStrictEqual([{ role: 'assistant', text: '' }])
    expect(historyOf({ role: 'assistant', ...nothing, tool_calls: calls })).toStrictEqual([
      { role: 'assistant', text: '', calls: [{ id: 'c', name: 'f', arguments: '{}' }] },
    ])
  }
  for (const none of [null, []])
    expect(historyOf({ role: 'assistant', content: 'a', tool_calls: none, function_call: null })).toStrictEqual([
      { role: 'assistant', text: 'a' },
    ])
})

test('[CC5] what the model refused to say says nothing, as a part or beside the content', () => {
  const parts = [{ type: 'refusal', refusal: 'no' }, aText('but')]
  expect(historyOf({ role: 'assistant', content: parts })).toStrictEqual([{ role: 'assistant', text: 'but' }])
  expect(historyOf({ role: 'assistant', content: null, refusal: 'no', audio: { id: 'a' } })).toStrictEqual([
    { role: 'assistant', text: '' },
  ])
})

test.each([
  ['input_audio', 'audio cannot be taken; send what was said as text'],
  ['file', 'an object `file` with a string `file_data` is expected'],
  ['Ж', 'parts of type `Ж` cannot be taken; send text'],
  ['', 'parts of type `` cannot be taken; send text'],
  ['toString', 'parts of type `toString` cannot be taken; send text'],
  ['x'.repeat(1000), `parts of type \`${'x'.repeat(100)}…\` cannot be taken; send text`],
])('[CC5] [R15] a part of type %j is refused by name, for every role', (type, problem) => {
  const param = 'messages[1].content[1]'
  for (const role of TALK)
    expect(() => historyOf(user, { role, content: [aText('a'), { type }] })).toThrow(refused(param, problem))
  for (const [given] of RESULTS)
    expect(() => historyOf(user, { ...given, content: [aText('a'), { type }] })).toThrow(refused(param, problem))
})

test('[CC4] of several faults the first is told', () => {
  expect(() => historyOf(user, { role: 'user', content: [{ type: 'file' }, { type: 'x' }] }, { role: 'user' })).toThrow(
    refused('messages[1].content[0]', 'an object `file` with a string `file_data` is expected'),
  )
})

test('[IM1] [R15] a user’s pictures stand among the texts, in order, each with its place', () => {
  const content = [aText('Това '), aPicture('data:image/png;base64,AAAA'), aText('и това'), aPicture('https://a/b')]
  expect(historyOf(user, { role: 'user', content })).toStrictEqual([
    { role: 'user', text: 'Здравей' },
    {
      role: 'user',
      text: 'Това и това',
      parts: [
        { type: 'text', text: 'Това ' },
        { type: 'linked-picture', url: 'data:image/png;base64,AAAA', place: 'messages[1].content[1].image_url.url' },
        { type: 'text', text: 'и това' },
        { type: 'linked-picture', url: 'https://a/b', place: 'messages[1].content[3].image_url.url' },
      ],
    },
  ])
})

test('[FI1] a user’s files stand among the texts and images, in order, each with its name and place', () => {
  const file = { file_data: 'data:text/plain,a', filename: 'план 🙂.txt' }
  const content = [{ type: 'file', file }, aText('Ето'), { type: 'file', file: { file_data: 'aGk=', filename: null } }]
  expect(historyOf({ role: 'user', content })).toStrictEqual([
    {
      role: 'user',
      text: 'Ето',
      parts: [
        {
          type: 'file',
          data: 'data:text/plain,a',
          name: 'план 🙂.txt',
          place: 'messages[0].content[0].file.file_data',
        },
        { type: 'text', text: 'Ето' },
        { type: 'file', data: 'aGk=', name: undefined, place: 'messages[0].content[2].file.file_data' },
      ],
    },
  ])
})

const FILE_EXPECTED = 'an object `file` with a string `file_data` is expected'

test.each([
  [{ type: 'file', file: { file_id: 'file-1' } }, '`file_id` cannot be taken; send the file itself as `file_data`'],
  [
    { type: 'file', file: { file_url: 'https://a/' } },
    '`file_url` cannot be taken; send the file itself as `file_data`',
  ],
  [{ type: 'file', file: { file_data: 5 } }, FILE_EXPECTED],
  [{ type: 'file', file: { file_data: '' } }, FILE_EXPECTED],
  [{ type: 'file', file: 'a' }, FILE_EXPECTED],
  [{ type: 'file', file: null }, FILE_EXPECTED],
  [
    { type: 'input_file', file_data: 'a' },
    'parts of this type cannot be taken; send `{"type": "file", "file": {"file_data": …}}`',
  ],
])('[FI2] a file that is not sent itself is refused by name: %j', (given, problem) => {
  expect(() => historyOf(user, { role: 'user', content: [given] })).toThrow(refused('messages[1].content[0]', problem))
})

test.each([{ role: 'system' }, { role: 'assistant' }, { role: 'tool', tool_call_id: 'c' }])(
  '[FI2] only a user sends files: %j',
  (given) => {
    const content = [aText('a'), { type: 'file', file: { file_data: 'aGk=' } }]
    expect(() => historyOf(user, { ...given, content })).toThrow(
      refused('messages[1].content[1]', 'files can only be sent by the user'),
    )
  },
)

test('[FN17] calls of custom tools in a history are calls whose one argument is the input', () => {
  const input = 'print("Ж")\n\u0000'
  const custom = { id: 'c', type: 'custom', custom: { name: 'code', input } }
  const call = { id: 'd', type: 'function', function: { name: 'f', arguments: '{}' } }
  expect(historyOf(user, { role: 'assistant', content: null, tool_calls: [custom, call] })[1]).toStrictEqual({
    role: 'assistant',
    text: '',
    calls: [
      { id: 'c', name: 'code', arguments: JSON.stringify({ input }) },
      { id: 'd', name: 'f', arguments: '{}' },
    ],
  })
})

test('[IM1] the address may stand by itself', () => {
  const content = [{ type: 'image_url', image_url: 'https://a/b' }]
  expect(historyOf({ role: 'user', content })).toStrictEqual([
    {
      role: 'user',
      text: '',
      parts: [{ type: 'linked-picture', url: 'https://a/b', place: 'messages[0].content[0].image_url' }],
    },
  ])
})

test.each(RESULTS)('[IM1] a call may bring pictures: %j', (given, expected) => {
  expect(historyOf({ ...given, content: [aText('ето'), aPicture('https://a/b')] })).toStrictEqual([
    {
      ...expected,
      text: 'ето',
      parts: [
        { type: 'text', text: 'ето' },
        { type: 'linked-picture', url: 'https://a/b', place: 'messages[0].content[1].image_url.url' },
      ],
    },
  ])
})

test.each([...INSTRUCTIONS, 'assistant'])('[CC5] a picture in a message of the role %s is refused', (role) => {
  expect(() => historyOf(user, { role, content: [aText('a'), aPicture('https://a/b')] })).toThrow(
    refused('messages[1].content[1]', 'pictures can only be sent by the user, or as a result'),
  )
})

test.each(['auto', 'low', 'high', 'original', null, undefined])(
  '[IM1] the detail %j of a picture is accepted and has no effect',
  (detail) => {
    const content = [{ type: 'image_url', image_url: { url: 'https://a/b', detail, unknown: 1 } }]
    expect(historyOf({ role: 'user', content })).toStrictEqual(
      historyOf({ role: 'user', content: [aPicture('https://a/b')] }),
    )
  },
)

test.each([[{}], [{ image_url: null }], [{ image_url: 5 }], [{ image_url: {} }], [{ image_url: { url: null } }]])(
  '[CC4] a picture without an address is refused: %j',
  (fields) => {
    expect(() => historyOf({ role: 'user', content: [{ type: 'image_url', ...fields }] })).toThrow(
      refused('messages[0].content[0]', '`image_url` with a `url` is expected'),
    )
  },
)

test('[CC6] [R13] [R14] [R16] instructions of both roles keep their places, also last, and turns need not alternate', () => {
  const messages = [
    { role: 'assistant', content: 'a' },
    { role: 'system', content: 'b' },
    { role: 'user', content: 'c' },
    { role: 'user', content: 'd' },
    { role: 'developer', content: 'e' },
    { role: 'system', content: 'f' },
    { role: 'developer', content: 'g' },
  ]
  expect(historyOf(...messages)).toStrictEqual(messages.map(({ role, content }) => ({ role, text: content })))
})

test('[CC6] [R24] texts come through as they were sent, whatever is in them', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('\ud83d', '\ude42', 'Ж', '\0', '\n', ' ', '✓', '○') }),
  )
  const anyMessage = fc.record({ role: fc.constantFrom(...TALK), content: anyText })
  fc.assert(
    fc.property(fc.array(anyMessage, { minLength: 1 }), anyText, (messages, result) => {
      expect(historyOf(...messages, { role: 'tool', tool_call_id: 'c', content: result })).toEqual([
        ...messages.map(({ role, content }) => ({ role, text: content })),
        { role: 'tool', callId: 'c', text: result },
      ])
    }),
  )
})

test('[CC5] a text cut into parts anywhere is the same text', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (pieces) => {
      expect(historyOf({ role: 'user', content: pieces.map(aText) })).toEqual([{ role: 'user', text: pieces.join('') }])
    }),
  )
})

test('[CC20] a user’s name stands before what is said, in text and before pictures', () => {
  expect(historyOf({ ...user, name: 'Ива' })).toStrictEqual([{ role: 'user', text: 'Ива: Здравей' }])
  expect(historyOf({ role: 'user', name: 'Ива', content: [aText('Здра'), aText('вей')] })).toStrictEqual([
    { role: 'user', text: 'Ива: Здравей' },
  ])
  expect(historyOf({ role: 'user', name: 'Ива', content: [aPicture('https://a/b'), aText('Ето')] })).toStrictEqual([
    {
      role: 'user',
      text: 'Ива: Ето',
      parts: [
        { type: 'text', text: 'Ива: ' },
        { type: 'linked-picture', url: 'https://a/b', place: 'messages[0].content[0].image_url.url' },
        { type: 'text', text: 'Ето' },
      ],
    },
  ])
})

test('[CC20] a name that is null or empty, or of another role, has no effect', () => {
  for (const name of [null, '', undefined]) expect(historyOf({ ...user, name })).toStrictEqual(historyOf(user))
  for (const role of [...INSTRUCTIONS, 'assistant'])
    expect(historyOf({ role, content: 'a', name: 'Ива' })).toStrictEqual([{ role, text: 'a' }])
  expect(historyOf({ role: 'tool', tool_call_id: 'c', content: 'a', name: 'f' })).toStrictEqual([
    { role: 'tool', callId: 'c', text: 'a' },
  ])
})

test('[FN4] [R19] [R22] an assistant’s calls keep their order, ids and arguments, to the letter', () => {
  const call = (id: string, json: string): object => ({
    id,
    type: 'function',
    function: { name: 'f', arguments: json },
  })
  const texts = ['{"a": 1,  "б":"\\u0436"}', '', '{', '{"a":1}']
  const tool_calls = texts.map((json, index) => call(`call ${index} Ж`, json))
  expect(historyOf({ role: 'assistant', content: [aText('Един миг.')], tool_calls })).toStrictEqual([
    {
      role: 'assistant',
      text: 'Един миг.',
      calls: texts.map((json, index) => ({ id: `call ${index} Ж`, name: 'f', arguments: json })),
    },
  ])
  const untyped = { id: 'c', index: 0, function: { name: 'f', arguments: '{}', unknown: 1 } }
  for (const type of [{}, { type: null }])
    expect(historyOf({ role: 'assistant', tool_calls: [{ ...untyped, ...type }] })).toStrictEqual([
      { role: 'assistant', text: '', calls: [{ id: 'c', name: 'f', arguments: '{}' }] },
    ])
})

test('[FN5] [R20] [R21] results are taken wherever they stand and whatever they say, also twice and without a call', () => {
  const running = '{"type":"async_tool","status":"running","tool_call_id":"c"}'
  const messages = [
    { role: 'tool', tool_call_id: 'c', content: 'IN_PROGRESS' },
    user,
    { role: 'tool', tool_call_id: 'c', content: 'COMPLETED' },
    { role: 'tool', tool_call_id: 'd', content: running },
    { role: 'developer', content: running },
  ]
  expect(historyOf(...messages)).toStrictEqual([
    { role: 'tool', callId: 'c', text: 'IN_PROGRESS' },
    { role: 'user', text: 'Здравей' },
    { role: 'tool', callId: 'c', text: 'COMPLETED' },
    { role: 'tool', callId: 'd', text: running },
    { role: 'developer', text: running },
  ])
})

test('[CC21] calls and results of the old form belong together by the function’s name', () => {
  const function_call = { name: 'weather', arguments: '{"city": 1}' }
  expect(
    historyOf(
      { role: 'assistant', content: null, function_call },
      { role: 'function', name: 'weather', content: '21' },
    ),
  ).toStrictEqual([
    { role: 'assistant', text: '', calls: [{ id: 'function_weather', name: 'weather', arguments: '{"city": 1}' }] },
    { role: 'tool', callId: 'function_weather', text: '21' },
  ])
})

const aCall = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }

test.each([
  ['calls that are a text', { tool_calls: 'f' }, 'tool_calls'],
  ['a call that is a text', { tool_calls: ['f'] }, 'tool_calls[0]'],
  ['a call without an id', { tool_calls: [aCall, { ...aCall, id: undefined }] }, 'tool_calls[1].id'],
  ['a call whose id is empty', { tool_calls: [{ ...aCall, id: '' }] }, 'tool_calls[0].id'],
  ['a call whose id is a number', { tool_calls: [{ ...aCall, id: 1 }] }, 'tool_calls[0].id'],
  ['a call of an unknown type', { tool_calls: [{ ...aCall, type: 'mcp' }] }, 'tool_calls[0].type'],
  ['a custom call without its tool', { tool_calls: [{ ...aCall, type: 'custom' }] }, 'tool_calls[0].custom'],
  [
    'a custom call without input',
    { tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'f' } }] },
    'tool_calls[0].custom.input',
  ],
  [
    'a custom call without a name',
    { tool_calls: [{ id: 'c', type: 'custom', custom: { input: '' } }] },
    'tool_calls[0].custom.name',
  ],
  ['a call without a function', { tool_calls: [{ id: 'c' }] }, 'tool_calls[0].function'],
  [
    'a call without a name',
    { tool_calls: [{ id: 'c', function: { arguments: '{}' } }] },
    'tool_calls[0].function.name',
  ],
  [
    'a call whose name is empty',
    { tool_calls: [{ id: 'c', function: { name: '', arguments: '{}' } }] },
    'tool_calls[0].function.name',
  ],
  [
    'a call without arguments',
    { tool_calls: [{ id: 'c', function: { name: 'f' } }] },
    'tool_calls[0].function.arguments',
  ],
  [
    'a call whose arguments are an object',
    { tool_calls: [{ id: 'c', function: { name: 'f', arguments: {} } }] },
    'tool_calls[0].function.arguments',
  ],
  ['an old call that is a text', { function_call: 'auto' }, 'function_call'],
  ['an old call without a name', { function_call: { arguments: '{}' } }, 'function_call.name'],
  ['an old call whose name is empty', { function_call: { name: '', arguments: '{}' } }, 'function_call.name'],
  ['an old call without arguments', { function_call: { name: 'f' } }, 'function_call.arguments'],
])('[CC4] %s is refused by name', (_, fields, param) => {
  expect(() => historyOf(user, { role: 'assistant', ...fields })).toThrow(
    expect.objectContaining({ code: 'invalid_request', param: `messages[1].${param}` }),
  )
})

test.each([
  [{ role: 'tool' }, 'tool_call_id'],
  [{ role: 'tool', tool_call_id: null }, 'tool_call_id'],
  [{ role: 'tool', tool_call_id: '' }, 'tool_call_id'],
  [{ role: 'tool', name: 'f' }, 'tool_call_id'],
  [{ role: 'function' }, 'name'],
  [{ role: 'function', name: null }, 'name'],
  [{ role: 'function', name: '' }, 'name'],
  [{ role: 'function', tool_call_id: 'c' }, 'name'],
])('[CC4] [CC21] a result that does not say which call it is of is refused: %j', (given, field) => {
  expect(() => historyOf(user, { ...given, content: '21' })).toThrow(
    refused(`messages[1].${field}`, 'a result says which call it is of; a string is expected'),
  )
})

test.each([
  [{ role: 'tool', tool_call_id: 5, content: 'a' }, 'tool_call_id'],
  [{ role: 'function', name: 5, content: 'a' }, 'name'],
  [{ role: 'user', name: { a: 1 }, content: 'a' }, 'name'],
])('[CC4] a field of the wrong type is refused by name: %j', (given, field) => {
  expect(() => historyOf(user, given)).toThrow(refused(`messages[1].${field}`, 'a string is expected'))
})

test('[CC4] a message of an unknown role is told which there are', () => {
  for (const role of ['bot', '', 5, null, undefined])
    expect(() => historyOf(user, { role, content: 'a' })).toThrow(
      refused('messages[1].role', 'one of system, developer, user, assistant, tool, function is expected'),
    )
})
