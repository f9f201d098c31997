import type { Usage } from '../core/index.ts'

/** Usage on the paths that are not OpenAI's. */
export const encodePlainUsage = (usage: Usage) => ({
  input_tokens: usage.inputTokens,
  cache_read_tokens: usage.cacheReadTokens,
  cache_write_tokens: usage.cacheWriteTokens,
  output_tokens: usage.outputTokens,
  reasoning_tokens: usage.reasoningTokens,
})
