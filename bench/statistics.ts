/** The value below which the share of the samples lies, by nearest rank; `NaN` of none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? Number.NaN
}

export interface Spread {
  readonly p50: number
  readonly p95: number
  readonly samples: number
}

/** `undefined` where nothing was measured. */
export const spreadOf = (samples: readonly number[]): Spread | undefined =>
  samples.length === 0
    ? undefined
    : { p50: percentile(samples, 0.5), p95: percentile(samples, 0.95), samples: samples.length }

export const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
