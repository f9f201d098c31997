/** The attempts that are under way in this process. Says to the store that they are, and stops those that count no longer. */
import type { Attempt, Clock, JobStore, Observer } from '../core/index.ts'
import { RunStopped, type StopCause } from './stop-reason.ts'

export interface Run {
  /** Aborts with a `RunStopped`. */
  readonly signal: AbortSignal
  readonly stop: (why: StopCause) => void
}

export interface Runs {
  /** How many are under way, by tenant. */
  byTenant(): ReadonlyMap<string, number>
  /** Starts `work`, which does not throw. */
  add(attempt: Attempt, work: (run: Run) => Promise<void>): void
  /** Stops what runs of a job and waits until it is over. */
  stop(jobId: string, why: StopCause): Promise<void>
  stopAll(why: StopCause): Promise<void>
}

interface Entry extends Run {
  readonly attempt: Attempt
  readonly over: Promise<void>
}

export function createRuns({
  store,
  beatMs,
  clock,
  observer,
}: {
  readonly store: JobStore
  /** How often the store is told. */
  readonly beatMs: number
  readonly clock: Clock
  readonly observer: Observer
}): Runs {
  const entries = new Set<Entry>()
  let timer: Disposable | undefined
  let beating: Promise<void> | undefined

  async function beat(): Promise<void> {
    try {
      const lost = await store.beat([...entries].map(({ attempt }) => attempt))
      for (const { job } of lost)
        for (const entry of entries)
          if (entry.attempt.job.id === job.id && entry.attempt.job.attempt === job.attempt) entry.stop('superseded')
    } catch (error) {
      observer.observe({ type: 'job-store-failed', what: 'beat', error })
    }
    beating = undefined
    arm()
  }

  function arm(): void {
    if (timer !== undefined || beating !== undefined || entries.size === 0) return
    timer = clock.after(beatMs, () => {
      timer = undefined
      beating = beat()
    })
  }

  function remove(entry: Entry): void {
    entries.delete(entry)
    if (entries.size > 0) return
    timer?.[Symbol.dispose]()
    timer = undefined
  }

  async function stopThose(which: (entry: Entry) => boolean, why: StopCause): Promise<void> {
    const those = [...entries].filter(which)
    for (const entry of those) entry.stop(why)
    await Promise.all(those.map(({ over }) => over))
  }

  return {
    byTenant() {
      const counts = new Map<string, number>()
      for (const { attempt } of entries) counts.set(attempt.job.tenant, (counts.get(attempt.job.tenant) ?? 0) + 1)
      return counts
    },
    add(attempt, work) {
      const controller = new AbortController()
      const run: Run = {
        signal: controller.signal,
        stop: (why) => controller.abort(new RunStopped(why)),
      }
      const over = Promise.withResolvers<void>()
      const entry = { ...run, attempt, over: over.promise }
      entries.add(entry)
      arm()
      void work(run).finally(() => {
        remove(entry)
        over.resolve()
      })
    },
    stop: (jobId, why) => stopThose(({ attempt }) => attempt.job.id === jobId, why),
    async stopAll(why) {
      await stopThose(() => true, why)
      await beating
    },
  }
}
