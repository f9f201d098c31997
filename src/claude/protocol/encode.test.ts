import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeUserLine } from './encode.ts'
import { flattenHistory } from './flatten.ts'

test('[CL1] [CL2] any text is one line of JSON that holds it unchanged, marked as mere text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const line = encodeUserLine(text, { uuid: 'u' })
      expect(line.indexOf('\n')).toBe(line.length - 1)
      expect(JSON.parse(line)).toEqual({
        type: 'user',
        uuid: 'u',
        parent_tool_use_id: null,
        client_composed: true,
        message: {
          role: 'user',
          content: [
            { type: 'text', text },
            { type: 'text', text: '' },
          ],
        },
      })
    }),
  )
})

test('[CC13] instructions come first, then the messages in order, each with its speaker', () => {
  expect(
    flattenHistory([
      { role: 'user', text: 'a' },
      { role: 'system', text: 'S1' },
      { role: 'assistant', text: 'b\nc' },
      { role: 'developer', text: 'S2' },
      { role: 'user', text: 'd' },
    ]),
  ).toBe('S1\n\nS2\n\nUser: a\nAssistant: b\nc\nUser: d')
})

test('[CC13] one message, instructions alone, empty texts', () => {
  expect(flattenHistory([{ role: 'user', text: 'a' }])).toBe('User: a')
  expect(flattenHistory([{ role: 'system', text: 'S' }])).toBe('S')
  expect(
    flattenHistory([
      { role: 'system', text: '' },
      { role: 'user', text: '' },
    ]),
  ).toBe('User: ')
  expect(
    flattenHistory([
      { role: 'user', text: 'a' },
      { role: 'assistant', text: '' },
      { role: 'user', text: 'b' },
    ]),
  ).toBe('User: a\nUser: b')
})
