import type { Clock, JobStore, Observer } from '../core/index.ts'
import { createAlarm } from './alarm.ts'

const SWEEP_EVERY_MS = 10_000

/** Removes jobs that finished longer ago than `ttlMs`, again and again until it is closed. */
export function startSweep({
  store,
  ttlMs,
  clock,
  observer,
}: {
  readonly store: JobStore
  readonly ttlMs: number
  readonly clock: Clock
  readonly observer: Observer
}): { readonly close: () => Promise<void> } {
  const closing = new AbortController()
  const { signal } = closing
  const { sleep } = createAlarm(clock)

  async function work(): Promise<void> {
    for (;;) {
      await sleep({ ms: Math.min(ttlMs, SWEEP_EVERY_MS), signal })
      if (signal.aborted) return
      try {
        await store.deleteFinished({ finishedBeforeMs: clock.nowMs() - ttlMs })
      } catch (error) {
        observer.observe({ type: 'cleanup-failed', what: 'jobs', error })
      }
    }
  }

  const working = work()
  return {
    async close() {
      closing.abort()
      await working
    },
  }
}
