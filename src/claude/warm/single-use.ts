/** Processes of which none is kept: each serves one turn, for what only a process that can be told things one by one can do. */
import type { Clock, Observer } from '../../core/index.ts'
import type { Abilities } from './abilities.ts'
import { align, type Held } from './align.ts'
import type { Pool } from './lease.ts'
import type { WarmProcess } from './warm-process.ts'

export interface SingleUseOptions {
  readonly abilities: Abilities
  /** What a process holds that was just started, apart from its model. */
  readonly fresh: Held
  readonly start: (options: { readonly model: string; readonly signal: AbortSignal }) => Promise<WarmProcess>
  readonly clock: Clock
  readonly observer: Observer
}

export function createSingleUse({ abilities, fresh, start, clock, observer }: SingleUseOptions): Pool {
  const ending = new Set<Promise<void>>()
  return {
    figures: { size: 0, busy: 0, idle: 0, spares: 0, starting: 0, waiting: 0 },
    async lease({ wanted, signal }) {
      const startedMs = clock.nowMs()
      const alignment = align({ ...fresh, model: wanted.model }, wanted, abilities)
      if (alignment === undefined) throw new Error('what no process can be made to hold is not asked for')
      const process = await start({ model: wanted.model, signal })
      return {
        process,
        alignment,
        waitedMs: clock.nowMs() - startedMs,
        release({ lost = 'done' }) {
          const ended = process
            .stop(lost)
            .catch((error: unknown) => observer.observe({ type: 'cleanup-failed', what: 'process', error }))
          ending.add(ended)
          void ended.finally(() => ending.delete(ended))
        },
      }
    },
    warmedUp: Promise.resolve(),
    // A turn that has a process keeps it.
    async drain() {
      await Promise.all(ending)
    },
    async close() {
      await Promise.all(ending)
    },
  }
}
