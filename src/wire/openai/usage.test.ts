import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_USAGE } from '../../core/index.ts'
import { encodeUsage } from './usage.ts'

test('[DO1] [R34] what was read from the cache and written to it is part of the prompt', () => {
  expect(
    encodeUsage({
      usage: {
        inputTokens: 7,
        cacheReadTokens: 100,
        cacheWriteTokens: 1000,
        outputTokens: 30,
        reasoningTokens: 20,
      },
    }),
  ).toEqual({
    prompt_tokens: 1107,
    completion_tokens: 30,
    total_tokens: 1137,
    prompt_tokens_details: { cached_tokens: 100 },
    completion_tokens_details: { reasoning_tokens: 20 },
  })
})

test('[DO1] [R34] no usage is zeros, not gaps', () => {
  expect(encodeUsage({ usage: NO_USAGE })).toEqual({
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  })
})

test('[ST8] [R34] the total is the prompt and the completion', () => {
  const tokens = fc.nat(1_000_000_000)
  const usage = fc.record({
    inputTokens: tokens,
    cacheReadTokens: tokens,
    cacheWriteTokens: tokens,
    outputTokens: tokens,
    reasoningTokens: tokens,
  })
  fc.assert(
    fc.property(usage, (of) => {
      const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = encodeUsage({ usage: of })
      expect(prompt).toBe(of.inputTokens + of.cacheReadTokens + of.cacheWriteTokens)
      expect(completion).toBe(of.outputTokens)
      expect(total).toBe(prompt + completion)
    }),
  )
})

test.each([
  [0.012_345_678, 0.012_346],
  [0.1 + 0.2, 0.3],
  [0.000_041_999_999_999_999_99, 0.000_042],
  [0.000_000_4, 0],
  [1234.567_890_1, 1234.56789],
])('[CC26] a cost of %d is sent as %d', (costUsd, cost_usd) => {
  expect(encodeUsage({ usage: NO_USAGE, costUsd })).toMatchObject({ cost_usd })
})

test('[ST8] [DO1] the cost is told where it is known, also when it is 0', () => {
  expect(encodeUsage({ usage: NO_USAGE, costUsd: 0.1234 })).toMatchObject({ cost_usd: 0.1234 })
  expect(encodeUsage({ usage: NO_USAGE, costUsd: 0 })).toMatchObject({ cost_usd: 0 })
  expect(encodeUsage({ usage: NO_USAGE })).not.toHaveProperty('cost_usd')
})
