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

test('[DO1] a whole answer is one chat.completion', () => {
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
