/** Bodies that hold too much, each in another way. */
import { gzipSync } from 'node:zlib'
import {
  MIB,
  SIZE,
  times,
  user,
  chat,
  filled,
  GIF,
  image,
  dataUrl,
  png,
  pdf,
  file,
  packed,
  tool,
  schemaOf,
  properties,
  type Shape,
} from './shape-pieces.ts'

/** Refused before anything is made of them. */
export const REFUSED: readonly Shape[] = [
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
