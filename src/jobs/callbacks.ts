/** Tells the outcomes of jobs where their orders say so, a few at a time. When to try again is the store's matter. */
import type { Clock, Job, JobStore, Observer } from '../core/index.ts'
import { createAlarm } from './alarm.ts'
import type { JobCallbackSender } from './ports.ts'

const LOOK_EVERY_MS = 1000
const MAX_AT_ONCE = 4
/** Then it is given up. */
const MAX_ATTEMPTS = 8

type Due = NonNullable<Awaited<ReturnType<JobStore['nextCallback']>>>

export interface Callbacks {
  /** There may be something to tell. */
  wake(): void
  /** Breaks off what is being sent; it is sent again when the store hands it out the next time. */
  close(): Promise<void>
}

export interface CallbacksOptions {
  readonly store: JobStore
  readonly sender: JobCallbackSender
  /** What is told of a job: JSON. */
  readonly bodyOf: (job: Job) => string
  readonly clock: Clock
  readonly observer: Observer
}

export function startCallbacks({ store, sender, bodyOf, clock, observer }: CallbacksOptions): Callbacks {
  const closing = new AbortController()
  const { signal } = closing
  const alarm = createAlarm(clock)
  const telling = new Set<Promise<void>>()

  async function resultOf({ job, delivery }: Due): Promise<'done' | 'again'> {
    const { id, callbackUrl: url } = job
    if (url === undefined) return 'done'
    const sent = await sender.send({ url, id, body: bodyOf(job), signal })
    if (sent.ok) {
      observer.observe({ type: 'callback-sent', jobId: id, status: sent.status })
      return 'done'
    }
    const isGivenUp = !sent.retryable || delivery.retryCount + 1 >= MAX_ATTEMPTS
    const cause = sent.cause === undefined ? {} : { error: sent.cause }
    observer.observe({ type: 'callback-failed', jobId: id, problem: sent.reason, isGivenUp, ...cause })
    return isGivenUp ? 'done' : 'again'
  }

  async function tell(due: Due): Promise<void> {
    try {
      await store.settleCallback(due.delivery, await resultOf(due))
    } catch (error) {
      if (!signal.aborted) observer.observe({ type: 'job-store-failed', what: 'callback', jobId: due.job.id, error })
    }
  }

  /** Whether there was one. */
  async function takeNext(): Promise<boolean> {
    const due = await store.nextCallback()
    if (due === undefined || signal.aborted) return false
    const told = tell(due).then(() => {
      telling.delete(told)
      alarm.ring()
    })
    telling.add(told)
    return true
  }

  async function work(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (telling.size < MAX_AT_ONCE && (await takeNext())) continue
      } catch (error) {
        observer.observe({ type: 'job-store-failed', what: 'callback', error })
      }
      await alarm.sleep({ ms: LOOK_EVERY_MS, signal })
    }
  }

  const working = work()
  return {
    wake: alarm.ring,
    async close() {
      closing.abort()
      await working
      await Promise.all(telling)
    },
  }
}
