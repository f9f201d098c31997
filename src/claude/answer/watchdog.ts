import type { Clock, TurnLimits } from '../../core/index.ts'

export type Overrun = 'first-token' | 'token-gap' | 'turn'

/** Watches a turn's limits; `onOverrun` is called once, with the first limit that was passed. */
export interface Watchdog extends Disposable {
  readonly overrun: Overrun | undefined
  /** The process is up: the wait for the first sign of life begins anew. */
  started(firstTokenMs: number | undefined): void
  /** A sign of life came: the wait for the next one begins. */
  fed(): void
  /** Nobody waits for a sign of life until the next `fed`: what came is being taken by a reader, however slow. */
  rest(): void
}

export function createWatchdog(
  limits: TurnLimits,
  { clock, onOverrun }: { readonly clock: Clock; readonly onOverrun: (overrun: Overrun) => void },
): Watchdog {
  let overrun: Overrun | undefined
  const pass = (which: Overrun) => (): void => {
    if (overrun !== undefined) return
    overrun = which
    onOverrun(which)
  }
  const whole = clock.after(limits.turnMs, pass('turn'))
  let next = limits.firstTokenMs === undefined ? undefined : clock.after(limits.firstTokenMs, pass('first-token'))
  let isFed = false
  return {
    get overrun() {
      return overrun
    },
    started(firstTokenMs) {
      if (isFed || firstTokenMs === undefined) return
      next?.[Symbol.dispose]()
      next = clock.after(firstTokenMs, pass('first-token'))
    },
    fed() {
      isFed = true
      next?.[Symbol.dispose]()
      next = limits.tokenGapMs === undefined ? undefined : clock.after(limits.tokenGapMs, pass('token-gap'))
    },
    rest() {
      next?.[Symbol.dispose]()
    },
    [Symbol.dispose]() {
      whole[Symbol.dispose]()
      next?.[Symbol.dispose]()
    },
  }
}
