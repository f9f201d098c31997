/** How long starts of the CLI take on this machine, and how long one may take before it is given up. */
import { GatewayError, overloaded, type Clock } from '../core/index.ts'
import { movingAverage } from '../lib/index.ts'
import { ProcessLostError } from './warm/index.ts'

/** A start may take so many times the average, or the setting, where nothing is known yet. */
const FACTOR = 4
const MAX_LIMIT_MS = 600_000
/** A healthy process answers a control request within 40 ms, also under load. */
const LEAST_ANSWER_MS = 5000

export interface StartLimits {
  /** How long a start may be silent now. It doubles with each start in a row that was given up. */
  readonly startMs: number
  /** How long an answer to a request may take: where a start takes long, so does every answer. */
  readonly answerMs: number
}

export interface StartTimes {
  /** A moving average; `undefined` until a start has succeeded. */
  readonly averageMs: number | undefined
  readonly limits: StartLimits
  /**
   * Starts something within the limits, and learns from how long it takes.
   * @throws GatewayError `overloaded` where it was too slow, which is no proof that it is broken; else what it throws.
   */
  measure<T>(clock: Clock, start: (limits: StartLimits) => Promise<T>): Promise<T>
  /** A start has succeeded that was measured otherwise. */
  succeeded(ms: number): void
}

const isLate = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && error.cause instanceof ProcessLostError && error.cause.why === 'late'

/** `leastMs` is the shortest limit. */
export function createStartTimes({ leastMs }: { readonly leastMs: number }): StartTimes {
  let averageMs: number | undefined
  let givenUp = 0

  function succeeded(ms: number): void {
    averageMs = averageMs === undefined ? ms : movingAverage(averageMs, ms)
    givenUp = 0
  }

  const times: StartTimes = {
    get averageMs() {
      return averageMs
    },
    get limits() {
      const normalMs = Math.max(leastMs, FACTOR * (averageMs ?? leastMs))
      return {
        startMs: Math.min(normalMs * 2 ** givenUp, MAX_LIMIT_MS),
        answerMs: Math.max(LEAST_ANSWER_MS, averageMs ?? leastMs),
      }
    },
    succeeded,
    async measure(clock, start) {
      const sinceMs = clock.nowMs()
      const { limits } = times
      try {
        const started = await start(limits)
        succeeded(clock.nowMs() - sinceMs)
        return started
      } catch (error) {
        if (!isLate(error)) throw error
        givenUp++
        throw overloaded(limits.startMs).withDetails({ ...error.details, why: error.message })
      }
    },
  }
  return times
}
