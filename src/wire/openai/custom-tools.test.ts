import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeCompletion } from './chat-completion.ts'
import { createChunkEncoder } from './chat-stream.ts'
import { decodeCustomInput, encodeCustomInput } from './custom-tools.ts'

const head = { id: 'i', created: 1, model: 'm' }
const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
const customNames = new Set(['code'])

test('[FN16] any text is the input of a custom tool and comes back as it was', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => decodeCustomInput(encodeCustomInput(text)) === text))
})

test.each([
  ['{"input":"a', 'a'],
  ['{"input":"a\\n\\u04', 'a\n'],
  ['{"input":"a\\', 'a'],
  ['{"input":5}', '{"input":5}'],
  ['{"other":"a"}', '{"other":"a"}'],
  ['', ''],
  ['[1]', '[1]'],
])('[FN16] the arguments %j, cut or of another form, give the input %j', (json, input) => {
  expect(decodeCustomInput(json)).toBe(input)
})

test('[FN16] a call of a custom tool is of type `custom` in a response', () => {
  const calls = [
    { id: 'a', name: 'code', arguments: '{"input":"print(\\"Ж\\")\\n"}' },
    { id: 'b', name: 'f', arguments: '{"input":"x"}' },
  ]
  const end = { type: 'turn-end', reason: 'calls', answer: '', calls, usage } as const
  expect(encodeCompletion(head, end, customNames).choices[0]?.message.tool_calls).toEqual([
    { id: 'a', type: 'custom', custom: { name: 'code', input: 'print("Ж")\n' } },
    { id: 'b', type: 'function', function: { name: 'f', arguments: '{"input":"x"}' } },
  ])
})

test('[FN16] a streamed call of a custom tool has its name first and its input when it is whole', () => {
  const encoder = createChunkEncoder(head, { includeUsage: false, customNames })
  const chunks = [
    ...encoder.call({ type: 'call-start', id: 'a', name: 'code' }),
    ...encoder.call({ type: 'call-delta', arguments: '{"inp' }),
    ...encoder.call({ type: 'call-delta', arguments: 'ut":"one\\n"}' }),
    ...encoder.call({ type: 'call-start', id: 'b', name: 'f' }),
    ...encoder.call({ type: 'call-delta', arguments: '{}' }),
    ...encoder.call({ type: 'call-start', id: 'c', name: 'code' }),
    ...encoder.call({ type: 'call-delta', arguments: '{"input":"two"}' }),
    ...encoder.end({ type: 'turn-end', reason: 'calls', answer: '', usage }),
  ] as readonly { readonly choices: readonly { readonly delta: object; readonly finish_reason: string | null }[] }[]
  expect(chunks.map(({ choices }) => choices[0]?.finish_reason ?? choices[0]?.delta)).toEqual([
    { role: 'assistant', tool_calls: [{ index: 0, id: 'a', type: 'custom', custom: { name: 'code', input: '' } }] },
    { tool_calls: [{ index: 0, custom: { input: 'one\n' } }] },
    { tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'f', arguments: '' } }] },
    { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
    { tool_calls: [{ index: 2, id: 'c', type: 'custom', custom: { name: 'code', input: '' } }] },
    { tool_calls: [{ index: 2, custom: { input: 'two' } }] },
    'tool_calls',
  ])
})
