/** Bodies that hold as much of one thing as may be. */
import { gzipSync } from 'node:zlib'
import {
  MIB,
  times,
  user,
  chat,
  GIF,
  image,
  png,
  tool,
  call,
  schemaOf,
  properties,
  MAX_TEXT,
  type Shape,
} from './shape-pieces.ts'

/** At a limit: taken, whatever the model says to it. */
export const TAKEN: readonly Shape[] = [
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
