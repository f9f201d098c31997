/** Tokens of one turn as the CLI reports them; a turn of several model requests has their sum. */
export interface Usage {
  /** Input that was neither read from nor written to the model API's cache. */
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly outputTokens: number
  /** The part of `outputTokens` that was thought and not said, where it is reported. */
  readonly reasoningTokens: number
}

/** A usage as it is counted: all input, the part of it that was read from the model API's cache, and all output. */
export interface TokenFigures {
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly outputTokens: number
}

export const toTokenFigures = (usage: Usage): TokenFigures => ({
  inputTokens: usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens,
  cachedTokens: usage.cacheReadTokens,
  outputTokens: usage.outputTokens,
})

/** A cost in US dollars as it is sent: to a millionth, without the noise of binary fractions. */
export const roundUsd = (usd: number): number => Math.round(usd * 1_000_000) / 1_000_000

export const NO_USAGE: Usage = {
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
}
