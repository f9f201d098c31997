/** Bodies that are as large as may be, each in another way. */
import { deflateSync, gzipSync } from 'node:zlib'

export interface Shape {
  readonly name: string
  readonly path?: string
  readonly body: () => Uint8Array | string
  readonly headers?: Record<string, string>
  /** The code of the refusal; absent where the request is served, or fails later. */
  readonly code?: string
}

const CHAT = '/v1/chat/completions'
const MIB = 1024 * 1024
/** A little below the largest body. */
const SIZE = 32 * MIB - 1024

const times = <T>(count: number, make: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at))
const user = (content: unknown) => ({ role: 'user', content })
const chat = (fields: object): string =>
  JSON.stringify({ model: 'haiku', stream: true, messages: [user('say exactly: a')], ...fields })
const filled = (head: string, piece: string, tail: string, size = SIZE): string =>
  `${head}${piece.repeat(Math.floor((size - head.length - tail.length) / piece.length))}${tail}`

const GIF = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const image = (url: string) => ({ type: 'image_url', image_url: { url } })
const dataUrl = (type: string, bytes: Buffer): string => `data:${type};base64,${bytes.toString('base64')}`
const PNG_HEAD = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\b\x02\0\0\0', 'latin1')
const png = (size: number): string => dataUrl('image/png', Buffer.concat([PNG_HEAD, Buffer.alloc(size)]))
const pdf = (text: string | Buffer): string =>
  dataUrl('application/pdf', Buffer.concat([Buffer.from('%PDF-1.5\n'), Buffer.from(text), Buffer.from('\n%%EOF')]))
const file = (data: string) => ({ type: 'file', file: { file_data: data, filename: 'a.pdf' } })
const packed = deflateSync(Buffer.alloc(31 * MIB, '<</Type/Page>> '))
const tool = (at: number, parameters: object = {}) => ({ type: 'function', function: { name: `f${at}`, parameters } })
const call = (at: number) => ({ id: `c${at}`, type: 'function', function: { name: 'f', arguments: '{}' } })
const schemaOf = (schema: object) => ({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } })
const properties = (count: number, make: (at: number) => object): object =>
  Object.fromEntries(times(count, (at) => [`p${at}`, make(at)]))

const MAX_TEXT = 1_999_000

/** Refused before anything is made of them. */
const REFUSED: readonly Shape[] = [
  { name: '16 M numbers as messages', body: () => filled('{"messages":[', '1,', '1]}'), code: 'invalid_request' },
  {
    name: '99,000 numbers as messages',
    body: () => chat({ messages: times(99_000, () => 1) }),
    code: 'invalid_request',
  },
  { name: '4,999 numbers as messages', body: () => chat({ messages: times(4999, () => 1) }), code: 'invalid_request' },
  { name: '16 M levels', body: () => `${'['.repeat(SIZE / 2)}${']'.repeat(SIZE / 2)}`, code: 'invalid_request' },
  { name: '5 M objects in each other', body: () => filled('', '{"a":', ''), code: 'invalid_request' },
  { name: 'quotes', body: () => '"'.repeat(SIZE), code: 'invalid_request' },
  { name: 'spaces', body: () => ' '.repeat(SIZE), code: 'invalid_request' },
  { name: 'zeros', body: () => new Uint8Array(SIZE), code: 'invalid_request' },
  {
    name: '280,000 keys of metadata',
    body: () => chat({ metadata: properties(280_000, () => ({})) }),
    code: 'invalid_request',
  },
  {
    name: '45,000 keys of metadata',
    body: () => chat({ metadata: properties(45_000, () => ({})) }),
    code: 'invalid_request',
  },
  {
    name: '20,000 messages with an image each',
    body: () => chat({ model: 'recruiter-triage/haiku', messages: times(20_000, () => user([image(GIF)])) }),
    code: 'invalid_request',
  },
  {
    name: '30,500 tools, allowed again',
    body: () =>
      chat({
        tools: times(30_500, (at) => tool(at)),
        tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: times(30_500, (at) => tool(at)) } },
      }),
    code: 'invalid_request',
  },
  {
    name: 'a text of 32 MB',
    body: () => chat({ messages: [user('x'.repeat(SIZE - 200))] }),
    code: 'context_length_exceeded',
  },
  {
    name: 'a text of 32 MB, escaped',
    body: () => chat({ messages: [user('\u0001'.repeat(SIZE / 6 - 40))] }),
    code: 'context_length_exceeded',
  },
  { name: 'a stop sequence of 8 MB', body: () => chat({ stop: 'a'.repeat(8 * MIB) }), code: 'invalid_request' },
  {
    name: 'a JPEG image of 10 MB of zeros',
    body: () =>
      chat({
        messages: [
          user([
            image(dataUrl('image/jpeg', Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(10 * MIB - 4)]))),
          ]),
        ],
      }),
    code: 'invalid_request',
  },
  {
    name: 'a JPEG image of 24 MB',
    body: () => chat({ messages: [user([image(dataUrl('image/jpeg', Buffer.alloc(23 * MIB, 0xff)))])] }),
    code: 'invalid_request',
  },
  {
    name: 'images of 20 MB',
    body: () => chat({ messages: [user(times(5, () => image(png(4 * MIB))))] }),
    code: 'invalid_request',
  },
  {
    name: 'an image, percent-encoded',
    body: () => chat({ messages: [user([image(`data:image/png,${'%41'.repeat(10 * MIB - 100)}`)])] }),
    code: 'invalid_request',
  },
  {
    name: 'a PDF of 10 MB of object ends',
    body: () => chat({ messages: [user([file(pdf('endobj'.repeat(1_700_000)))])] }),
    code: 'invalid_request',
  },
  {
    name: 'a PDF that unpacks to 31 MiB',
    body: () =>
      chat({
        messages: [
          user([
            file(
              pdf(
                Buffer.concat([
                  Buffer.from('1 0 obj <</Type/ObjStm/N 1/First 4/Filter/FlateDecode>>\nstream\n'),
                  packed,
                  Buffer.from('\nendstream endobj'),
                ]),
              ),
            ),
          ]),
        ],
      }),
    code: 'invalid_request',
  },
  {
    name: 'a schema of 1 MB',
    body: () =>
      chat(schemaOf({ type: 'object', properties: properties(20_000, () => ({ type: 'string', pattern: 'a' })) })),
    code: 'invalid_request',
  },
  { name: 'a model of 32 MB', body: () => chat({ model: 'm'.repeat(SIZE - 200) }), code: 'model_not_found' },
  {
    name: 'a role of 32 MB',
    body: () => chat({ messages: [{ role: 'r'.repeat(SIZE - 200), content: 'a' }] }),
    code: 'invalid_request',
  },
  {
    name: 'gzip of 16 M levels',
    body: () => gzipSync('['.repeat(SIZE)),
    headers: { 'content-encoding': 'gzip' },
    code: 'invalid_request',
  },
  {
    name: 'a session id of 32 MB',
    path: '/v1/conversational',
    body: () => JSON.stringify({ session_id: 'x'.repeat(SIZE - 100), message: 'a' }),
    code: 'invalid_request',
  },
  {
    name: 'a message of 32 MB',
    path: '/v1/conversational',
    body: () => JSON.stringify({ session_id: 'a', message: 'x'.repeat(SIZE - 100) }),
    code: 'context_length_exceeded',
  },
  { name: 'numbers', path: '/v1/conversational', body: () => filled('[', '1,', '1]'), code: 'invalid_request' },
  {
    name: 'a prompt of 32 MB',
    path: '/execute',
    body: () => JSON.stringify({ prompt: 'x'.repeat(SIZE - 100) }),
    code: 'context_length_exceeded',
  },
  {
    name: 'an agent of 32 MB',
    path: '/execute',
    body: () => JSON.stringify({ prompt: 'a', agent: 'x'.repeat(SIZE - 100) }),
    code: 'model_not_found',
  },
  {
    name: '16,000 keys of metadata',
    path: '/execute',
    body: () => JSON.stringify({ prompt: 'a', metadata: properties(45_000, () => ({})) }),
    code: 'invalid_request',
  },
  {
    name: 'a name of a conversation of 32 MB',
    body: () => chat({ metadata: { conversation: 'c'.repeat(SIZE - 200) } }),
    code: 'invalid_request',
  },
  {
    name: 'an image whose address has 32 MB',
    body: () => chat({ messages: [user([image(`https://a.example/${'a'.repeat(SIZE - 300)}`)])] }),
    code: 'invalid_request',
  },
  {
    name: 'an image whose host has 32 MB',
    body: () => chat({ messages: [user([image(`https://${'a'.repeat(SIZE - 300)}/`)])] }),
    code: 'invalid_request',
  },
  {
    name: 'a callback whose address has 32 MB',
    path: '/execute',
    body: () => JSON.stringify({ prompt: 'a', callback_url: `https://a.example/${'a'.repeat(SIZE - 300)}` }),
    code: 'invalid_request',
  },
  {
    name: 'a branch of 32 MB',
    path: '/execute',
    body: () => JSON.stringify({ prompt: 'a', push: { branch: 'a/'.repeat(SIZE / 2 - 100) } }),
    code: 'invalid_request',
  },
  {
    name: 'a name of a tool of 32 MB',
    body: () =>
      chat({ tools: [tool(0)], tool_choice: { type: 'function', function: { name: 'f'.repeat(SIZE - 300) } } }),
    code: 'invalid_request',
  },
]

/** At a limit: taken, whatever the model says to it. */
const TAKEN: readonly Shape[] = [
  {
    name: '6,000 messages',
    body: () =>
      chat({
        messages: times(5999, (at) =>
          at % 2 === 0 ? user('x'.repeat(320)) : { role: 'assistant', content: 'y'.repeat(320) },
        ),
      }),
  },
  { name: 'a text at the limit, of emoji', body: () => chat({ messages: [user('🙂'.repeat(MAX_TEXT / 2))] }) },
  { name: 'a text at the limit, of backslashes', body: () => chat({ messages: [user('\\'.repeat(MAX_TEXT))] }) },
  {
    name: 'a text at the limit, of line breaks, in a history',
    body: () => chat({ messages: [user('\n'.repeat(MAX_TEXT)), { role: 'assistant', content: 'a' }, user('b')] }),
  },
  {
    name: 'a system prompt at the limit',
    body: () => chat({ messages: [{ role: 'system', content: 'ж'.repeat(MAX_TEXT) }, user('b')] }),
  },
  {
    name: '2,400 calls and their results',
    body: () =>
      chat({
        messages: [
          { role: 'assistant', tool_calls: times(2400, call) },
          ...times(2400, (at) => ({ role: 'tool', tool_call_id: `c${at}`, content: 'r' })),
          user('a'),
        ],
      }),
  },
  {
    name: '1,000 tools, allowed again',
    body: () =>
      chat({
        tools: times(1000, (at) => tool(at, { description: 'd'.repeat(400) })),
        tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: times(1000, (at) => tool(at)) } },
      }),
  },
  {
    name: 'tools of many parts',
    body: () =>
      chat({ tools: times(4, (at) => tool(at, { properties: properties(3800, () => ({ type: 'string' })) })) }),
  },
  {
    name: 'a schema of many patterns',
    body: () =>
      chat(
        schemaOf({
          type: 'object',
          properties: properties(2300, (at) => ({ type: 'string', pattern: `^(a|b)*${at}$` })),
        }),
      ),
  },
  {
    name: 'a schema whose pattern searches for ever',
    body: () =>
      chat({
        messages: [user(`[rehearse call=answer input={"a":"${'a'.repeat(40)}!"}]`)],
        ...schemaOf({ type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } }, required: ['a'] }),
      }),
  },
  {
    name: '100 images',
    body: () => chat({ model: 'recruiter-triage/haiku', messages: times(100, () => user([image(GIF)])) }),
  },
  { name: 'images of 12 MB', body: () => chat({ messages: [user(times(4, () => image(png(3 * MIB - 1000))))] }) },
  {
    name: 'images of 12 MB for a tool agent',
    body: () => chat({ model: 'recruiter-triage/haiku', messages: [user(times(4, () => image(png(3 * MIB - 1000))))] }),
  },
  { name: '99,000 fields that are not known', body: () => chat(properties(99_000, () => 1 as unknown as object)) },
  {
    name: 'gzip of a text at the limit',
    body: () => gzipSync(chat({ messages: [user('x'.repeat(MAX_TEXT))] })),
    headers: { 'content-encoding': 'gzip' },
  },
  {
    name: 'a prompt at the limit',
    path: '/execute',
    body: () => JSON.stringify({ prompt: 'ж'.repeat(MAX_TEXT) }),
    headers: { 'idempotency-key': 'k' },
  },
  {
    name: 'a message at the limit',
    path: '/v1/conversational',
    body: () => JSON.stringify({ session_id: 'a', message: '🙂'.repeat(MAX_TEXT / 2) }),
  },
]

export const SHAPES = { refused: REFUSED, taken: TAKEN }
export const pathOf = ({ path = CHAT }: Shape): string => path
