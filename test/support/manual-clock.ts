import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/core/index.ts'

/** Time in the test's hand: none passes but by `advance`. */
export interface ManualClock extends Clock {
  /** How many calls back are still to come. */
  readonly armed: number
  /** Resolves once a call back that was asked for `ms` ahead is to come. */
  untilArmed(ms: number): Promise<void>
  /** Lets `ms` pass: calls back what is due, in order, each at its own time, and lets what it set off settle. */
  advance(ms: number): Promise<void>
}

interface Timer {
  readonly atMs: number
  readonly ms: number
  readonly callback: () => void
}

export function createManualClock({ startMs = 1_700_000_000_000 }: { readonly startMs?: number } = {}): ManualClock {
  let nowMs = startMs
  const timers = new Set<Timer>()
  const waiters = new Set<() => void>()

  return {
    nowMs: () => nowMs,
    after(ms, callback) {
      const timer: Timer = { atMs: nowMs + ms, ms, callback }
      timers.add(timer)
      for (const look of waiters) look()
      return { [Symbol.dispose]: () => void timers.delete(timer) }
    },
    get armed() {
      return timers.size
    },
    untilArmed: (ms) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (![...timers].some((timer) => timer.ms === ms)) return
          waiters.delete(look)
          resolve()
        }
        waiters.add(look)
        look()
      }),
    async advance(ms) {
      const endMs = nowMs + ms
      await setImmediate()
      for (;;) {
        const [due] = [...timers].filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)
        if (due === undefined) break
        timers.delete(due)
        nowMs = due.atMs
        due.callback()
        await setImmediate()
      }
      nowMs = endMs
    },
  }
}

/** The same clock, but that it calls back at once what is asked for exactly `ms` ahead. */
export const skipping = (clock: Clock, ms: number): Clock => ({
  nowMs: () => clock.nowMs(),
  after(wanted, callback) {
    if (wanted !== ms) return clock.after(wanted, callback)
    callback()
    return { [Symbol.dispose]: () => undefined }
  },
})
