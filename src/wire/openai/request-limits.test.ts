import { expect, test } from 'vitest'
import { GatewayError, REQUEST_LIMITS } from '../../core/index.ts'
import { parseJobRequest } from '../jobs/index.ts'
import { parseConversationalRequest } from '../conversational/index.ts'
import { parseChatRequest } from './index.ts'

const times = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at))
const user = (content: unknown) => ({ role: 'user', content })
const chat = (fields: object) => parseChatRequest({ messages: [user('a')], ...fields })
const text = { type: 'text', text: 'a' }
const image = { type: 'image_url', image_url: { url: 'data:,' } }
const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
const tool = (at: number, parameters: object = {}) => ({ type: 'function', function: { name: `f${at}`, parameters } })
/** A tool whose JSON is about so long. */
const toolOf = (characters: number) => (at: number) => tool(at, { description: 'x'.repeat(characters) })

function refusalOf(parse: () => unknown) {
  try {
    parse()
  } catch (error) {
    if (error instanceof GatewayError) return { code: error.code, message: error.message, param: error.param }
    throw error
  }
  return undefined
}

test.each([
  ['messages', '6,001 messages', '6,000', () => chat({ messages: times(6001, () => user('a')) })],
  ['messages', '5,001 parts', '5,000', () => chat({ messages: [user(times(5001, () => text))] })],
  [
    'messages',
    '5,002 calls',
    '5,000',
    () => chat({ messages: times(2, () => ({ role: 'assistant', tool_calls: times(2501, () => call) })) }),
  ],
  ['messages', '101 images', '100', () => chat({ messages: [user(times(101, () => image))] })],
  [
    'callback_url',
    '8,193 characters',
    '8,192',
    () => parseJobRequest({ prompt: 'a', callback_url: `https://a/${'a'.repeat(8183)}` }, '{}'),
  ],
  [
    'messages',
    '18,000,010 characters of `data:` URLs and files',
    '18,000,000',
    () =>
      chat({
        messages: times(2, () => user([{ type: 'image_url', image_url: { url: `data:,${'a'.repeat(8_999_999)}` } }])),
      }),
  ],
  ['tools', '1,001 tools', '1,000', () => chat({ tools: times(1001, tool) })],
  [
    'tool_choice.allowed_tools.tools',
    '1,001 tools',
    '1,000',
    () =>
      chat({
        tools: [tool(0)],
        tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: times(1001, () => tool(0)) } },
      }),
  ],
  ['tools[1]', '300,076 characters', '131,072', () => chat({ tools: [tool(0), toolOf(300_000)(1)] })],
  ['tools', '600,380 characters', '524,288', () => chat({ tools: times(5, toolOf(120_000)) })],
  [
    'response_format.json_schema.schema',
    '300,018 characters',
    '131,072',
    () =>
      chat({
        response_format: { type: 'json_schema', json_schema: { schema: { description: 'x'.repeat(300_000) } } },
      }),
  ],
  ['stop', '5 stop sequences', '4', () => chat({ stop: times(5, String) })],
  ['stop[1]', '1,001 characters', '1,000', () => chat({ stop: ['a', 'x'.repeat(1001)] })],
  ['metadata.conversation', '1,001 characters', '1,000', () => chat({ metadata: { conversation: 'x'.repeat(1001) } })],
  ['metadata', '101 keys', '100', () => chat({ metadata: Object.fromEntries(times(101, (at) => [`k${at}`, 'v'])) })],
])('[LM3] more than a limit allows is refused by its name: %s, %s', (param, sent, most, parse) => {
  expect(refusalOf(parse)).toEqual({
    code: 'invalid_request',
    message: `\`${param}\`: ${sent} were sent; at most ${most} are possible. Send fewer.`,
    param,
  })
})

const LONG = 'x'.repeat(REQUEST_LIMITS.characters.most + 1)
const halves = {
  id: LONG.slice(0, 1_000_000),
  type: 'function',
  function: { name: 'f', arguments: LONG.slice(1_000_000) },
}

test.each([
  ['messages', () => chat({ messages: [user(LONG)] })],
  ['messages', () => chat({ messages: [{ role: 'assistant', tool_calls: [halves] }] })],
  ['message', () => parseConversationalRequest({ session_id: 'a', message: LONG })],
  ['prompt', () => parseJobRequest({ prompt: LONG }, '{}')],
])('[LM4] more text than may be is refused: %s', (param, parse) => {
  expect(refusalOf(parse)).toMatchObject({ code: 'context_length_exceeded', param })
})

test('[LM3] what is at a limit is taken', () => {
  const taken = chat({
    messages: [
      ...times(5997, () => user('a')),
      user([...times(4900, () => text), ...times(100, () => image)]),
      { role: 'assistant', tool_calls: times(5000, () => call) },
      user('x'.repeat(1_900_000)),
    ],
    tools: times(1000, toolOf(400)),
    stop: times(4, () => 'x'.repeat(1000)),
    metadata: Object.fromEntries(times(100, (at) => [`k${at}`, 'v'])),
  })
  expect([taken.history.length, taken.functions?.offered.length]).toEqual([6000, 1000])
})

test('[LM2] reading stops at the first fault', () => {
  let looked = 0
  const messages = times(5000, () => ({
    get role() {
      looked++
      return 'nobody'
    },
  }))
  expect(refusalOf(() => chat({ messages }))).toMatchObject({ param: 'messages[0].role' })
  expect(looked).toBeLessThan(10)
})

test('[LM3] the address of an image is short, unless it carries the image', () => {
  const shown = (url: string) => chat({ messages: [user([{ type: 'image_url', image_url: { url } }])] })
  expect(shown(`data:image/png,${'a'.repeat(9000)}`).history).toHaveLength(1)
  expect(refusalOf(() => shown(`https://a/${'a'.repeat(8183)}`))).toMatchObject({
    message:
      '`messages[0].content[0]`: `image_url`: 8,193 characters were sent; at most 8,192 are possible. Send fewer.',
    param: 'messages[0].content[0]',
  })
})
