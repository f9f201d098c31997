import type { Clock, Observer } from '../core/index.ts'
import { createAlarm } from './alarm.ts'

const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 5000

export interface UntilKeptOptions {
  /** Ends the waiting: it is tried once more then. */
  readonly signal: AbortSignal
  readonly what: string
  readonly jobId: string
  readonly clock: Clock
  readonly observer: Observer
}

/** Does it again and again until the store has done it; `undefined` where the signal ended that. Failures are observed. */
export async function untilKept<T>(
  write: () => Promise<T>,
  { signal, what, jobId, clock, observer }: UntilKeptOptions,
): Promise<T | undefined> {
  const { sleep } = createAlarm(clock)
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    const isLast = signal.aborted
    try {
      return await write()
    } catch (error) {
      observer.observe({ type: 'job-store-failed', what, jobId, error })
    }
    if (isLast) return undefined
    await sleep({ ms: pauseMs, signal })
  }
}
