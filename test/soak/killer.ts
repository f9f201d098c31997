/** Kills a child now and then, as the kernel does when memory is short. */
import type { Children } from './children.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'

/** So much later than it was decided: a turn is over then, another in the middle. */
const MAX_DELAY_MS = 300

export interface Killer {
  readonly kills: number
  /** One more turn is over. */
  turnOver(): void
  /** No child is killed from now on. */
  stop(): void
}

/** Kills one of the children after every so many turns. */
export function createKiller(
  { every, random }: { readonly every: number; readonly random: Random },
  { children, ledger }: { readonly children: Children; readonly ledger: Ledger },
): Killer {
  const timers = new Set<NodeJS.Timeout>()
  let turns = 0
  let kills = 0
  let isStopped = false
  const kill = (): void => {
    const [first, ...rest] = children.live
    if (first === undefined) return
    kills++
    ledger.noteKill()
    children.kill(random.pick([first, ...rest]))
  }
  return {
    get kills() {
      return kills
    },
    turnOver() {
      if (isStopped || ++turns % every !== 0) return
      const timer = setTimeout(
        () => {
          timers.delete(timer)
          kill()
        },
        random.between(0, MAX_DELAY_MS),
      )
      timers.add(timer)
    },
    stop() {
      isStopped = true
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}
