import { expect, test } from 'vitest'
import { NO_USAGE } from '../../core/index.ts'
import { encodeCompletion } from './chat-completion.ts'

const head = { id: 'chatcmpl-1', created: 1_700_000_000, model: 'sonnet' }
const usage = {
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
}

test('[DO1] [R54] a whole answer is one chat.completion', () => {
  const answer = 'Здравей 🙂\n"\u2028'
  expect(encodeCompletion(head, { type: 'turn-end', reason: 'length', usage: NO_USAGE, answer })).toStrictEqual({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'sonnet',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer, refusal: null },
        logprobs: null,
        finish_reason: 'length',
      },
    ],
    usage,
  })
})

test('[DO1] the cost is in the usage where it is known, also when it is 0', () => {
  const usageOf = (costUsd: number): unknown =>
    encodeCompletion(head, { type: 'turn-end', reason: 'end', usage: NO_USAGE, answer: 'a', costUsd }).usage
  expect(usageOf(0.1234)).toStrictEqual({ ...usage, cost_usd: 0.1234 })
  expect(usageOf(0)).toStrictEqual({ ...usage, cost_usd: 0 })
})

test('[DO1] an empty answer is an empty text, not null', () => {
  const { choices } = encodeCompletion(head, { type: 'turn-end', reason: 'end', usage: NO_USAGE, answer: '' })
  expect(choices[0]?.message.content).toBe('')
})

const calls = [
  { id: 'call_a', name: 'weather', arguments: '{"city": "София"}' },
  { id: 'call_b', name: 'hang_up', arguments: '{}' },
]
const tool_calls = [
  { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city": "София"}' } },
  { id: 'call_b', type: 'function', function: { name: 'hang_up', arguments: '{}' } },
]

test('[FN2] [R33] [R54] calls are in the message, to the letter, and content is null where nothing was said', () => {
  const end = { type: 'turn-end', reason: 'calls', usage: NO_USAGE, answer: '', calls } as const
  expect(encodeCompletion(head, end).choices).toStrictEqual([
    {
      index: 0,
      message: { role: 'assistant', content: null, refusal: null, tool_calls },
      logprobs: null,
      finish_reason: 'tool_calls',
    },
  ])
})

test('[FN2] [FN10] what was said before calls is the content', () => {
  const end = { type: 'turn-end', reason: 'calls', usage: NO_USAGE, answer: 'Един миг.', calls } as const
  expect(encodeCompletion(head, end).choices[0]?.message).toStrictEqual({
    role: 'assistant',
    content: 'Един миг.',
    refusal: null,
    tool_calls,
  })
})

test('[FN2] an answer without calls has no word of them', () => {
  const { choices } = encodeCompletion(head, { type: 'turn-end', reason: 'end', usage: NO_USAGE, answer: 'a' })
  expect(choices[0]?.message).not.toHaveProperty('tool_calls')
})
