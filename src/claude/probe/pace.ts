/** How long the parts of a trial may take: as many times what a start takes on this machine, never a fixed time. */
import type { Clock } from '../../core/index.ts'

export interface Limits {
  /** For a process to be ready. */
  readonly startMs: number
  /** For a process to answer a request, or to recover after a turn. */
  readonly answerMs: number
  /** For a whole trial on one process. */
  readonly trialMs: number
}

/** Shared by all trials of a run: each learns from those before it. */
export interface Pace {
  readonly limits: Limits
  /** A process was ready after so long. */
  started(ms: number): void
  /** A limit was reached: the next ones are twice as long. */
  late(): void
}

export interface PaceOptions {
  /** What a start is taken to take before the first one. */
  readonly firstMs: number
  /** What a start is taken to take at least: a quick machine may be busy the next moment. */
  readonly leastMs: number
}

const STARTS = { startMs: 20, answerMs: 5, trialMs: 40 } as const
const LONGEST_MS = 600_000

export function createPace({ firstMs, leastMs }: PaceOptions = { firstMs: 3000, leastMs: 1000 }): Pace {
  let longestMs: number | undefined
  let growth = 1
  const limit = (starts: number): number =>
    Math.min(LONGEST_MS, starts * growth * Math.max(leastMs, longestMs ?? firstMs))
  return {
    get limits() {
      return { startMs: limit(STARTS.startMs), answerMs: limit(STARTS.answerMs), trialMs: limit(STARTS.trialMs) }
    },
    started(ms) {
      longestMs = Math.max(longestMs ?? 0, ms)
    },
    late() {
      if (limit(STARTS.answerMs) < LONGEST_MS) growth *= 2
    },
  }
}

/** A limit was reached. */
export class LateError extends Error {
  override readonly name = 'LateError'
}

/** Aborts after `ms` with a `LateError`, unless it is disposed of before. */
export function deadline(clock: Clock, ms: number): Disposable & { readonly signal: AbortSignal } {
  const late = new AbortController()
  const timer = clock.after(ms, () => late.abort(new LateError(`it took longer than ${Math.round(ms / 1000)} s`)))
  return { signal: late.signal, [Symbol.dispose]: () => timer[Symbol.dispose]() }
}
