/** How many processes a machine keeps unless its operator says otherwise. Pure arithmetic. */

export interface Machine {
  readonly memoryMb: number
  readonly cores: number
}

export interface PoolSize {
  readonly max: number
  readonly spares: number
  readonly memoryMb: number
}

/** What a process takes after a while of use. */
const PROCESS_MB = 250
const MIN_MEMORY_MB = 256
const MAX_BY_DEFAULT = 16
const MAX_SPARES_BY_DEFAULT = 4

/** A quarter of the memory, as many processes as fit into it, a spare for each core. */
export function poolSize(
  { memoryMb, cores }: Machine,
  wanted: {
    readonly max?: number | undefined
    readonly spares?: number | undefined
    readonly memoryMb?: number | undefined
  },
): PoolSize {
  const budgetMb = wanted.memoryMb ?? Math.max(MIN_MEMORY_MB, Math.floor(memoryMb / 4))
  const max = wanted.max ?? Math.max(1, Math.min(MAX_BY_DEFAULT, Math.floor(budgetMb / PROCESS_MB)))
  return {
    max,
    spares: Math.min(max, wanted.spares ?? Math.min(MAX_SPARES_BY_DEFAULT, Math.max(1, cores))),
    memoryMb: budgetMb,
  }
}
