/** Whether a job that failed is begun again, and when: pure. */
import { errorKind, type GatewayError } from '../core/index.ts'

const FIRST_DELAY_MS = 2000
const GROWTH = 4
const MAX_DELAY_MS = 300_000

export interface Failures {
  /** How many attempts came to nothing before this one. */
  readonly failures: number
  readonly maxFailures: number
}

/**
 * How long to wait before the next attempt; `undefined` where there is none. A run that took all the time it had would
 * take it again, so it is not begun anew, whatever may be done with requests.
 */
export function retryDelayMs(error: GatewayError, { failures, maxFailures }: Failures): number | undefined {
  if (!errorKind(error.code).retryable || error.code === 'timeout') return undefined
  if (failures + 1 >= maxFailures) return undefined
  const askedMs = (error.retryAfterSeconds ?? 0) * 1000
  return Math.min(FIRST_DELAY_MS * GROWTH ** failures + askedMs, MAX_DELAY_MS)
}
