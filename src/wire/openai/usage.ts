import { roundUsd, type TurnEnd } from '../../core/index.ts'

/** OpenAI's `usage`: what was read from the cache, or written to it, is part of the prompt (R34). `cost_usd` is ours. */
export const encodeUsage = ({ usage, costUsd }: Pick<TurnEnd, 'usage' | 'costUsd'>) => {
  const prompt = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.outputTokens,
    total_tokens: prompt + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    ...(costUsd === undefined ? {} : { cost_usd: roundUsd(costUsd) }),
  }
}
