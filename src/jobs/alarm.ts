import type { Clock } from '../core/index.ts'
import { onAbort } from '../lib/index.ts'

/** Lets one loop sleep until it is woken; a ring that comes while the loop is at work is not lost. */
export interface Alarm {
  ring(): void
  /** Resolves when it was rung since the last sleep, after `ms` where that is set, or when the signal aborts. */
  sleep(options: { readonly ms?: number; readonly signal: AbortSignal }): Promise<void>
}

export function createAlarm(clock: Clock): Alarm {
  let isRung = false
  let wake: (() => void) | undefined
  return {
    ring() {
      isRung = true
      wake?.()
    },
    async sleep({ ms, signal }) {
      if (!isRung) {
        const woken = Promise.withResolvers<void>()
        wake = woken.resolve
        using _late = ms === undefined ? undefined : clock.after(ms, woken.resolve)
        using _left = onAbort(signal, woken.resolve)
        await woken.promise
        wake = undefined
      }
      isRung = false
    },
  }
}
