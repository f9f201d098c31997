/** Claims jobs as there are slots for them: the slot first, so that jobs and requests share the slots. */
import type { Attempt, Clock, JobStore, Observer } from '../core/index.ts'
import { isAbortOf, type Place } from '../lib/index.ts'
import { createAlarm } from './alarm.ts'
import type { JobRoom } from './ports.ts'

/** Work of another server, or whose time has come, is seen after that long. */
const LOOK_EVERY_MS = 1000

export interface Dispatcher {
  /** There may be work. */
  wake(): void
  /** Resolves when no job is just being begun. */
  settled(): Promise<void>
  /** Begins no more. */
  close(): Promise<void>
}

export interface DispatcherOptions {
  readonly store: JobStore
  readonly room: JobRoom
  readonly maxFailures: number
  /** The tenants that may have no more jobs under way here. */
  readonly sated: () => readonly string[]
  /** Takes over the attempt and its place. */
  readonly take: (attempt: Attempt, place: Place) => void
  readonly clock: Clock
  readonly observer: Observer
}

export function startDispatcher({
  store,
  room,
  maxFailures,
  sated,
  take,
  clock,
  observer,
}: DispatcherOptions): Dispatcher {
  const closing = new AbortController()
  const { signal } = closing
  const alarm = createAlarm(clock)
  let beginning: Promise<boolean> = Promise.resolve(false)

  async function begin(place: Place): Promise<boolean> {
    try {
      const attempt = await store.begin({ maxFailures, except: sated() })
      if (attempt === undefined) place[Symbol.dispose]()
      else take(attempt, place)
      return attempt !== undefined
    } catch (error) {
      place[Symbol.dispose]()
      throw error
    }
  }

  /** Whether there may be more. */
  async function takeNext(): Promise<boolean> {
    const place = await room.enter({ signal })
    if (signal.aborted) {
      place[Symbol.dispose]()
      return false
    }
    beginning = begin(place)
    return await beginning
  }

  async function work(): Promise<void> {
    let isDown = false
    while (!signal.aborted) {
      try {
        // A store that did not answer is asked first: no place is held for it meanwhile.
        if (isDown) await store.get('')
        isDown = false
        if (await takeNext()) continue
      } catch (error) {
        if (isAbortOf(error, signal)) return
        isDown = true
        observer.observe({ type: 'job-store-failed', what: 'begin', error })
      }
      await alarm.sleep({ ms: LOOK_EVERY_MS, signal })
    }
  }

  const working = work()
  return {
    wake: alarm.ring,
    settled: () =>
      beginning.then(
        () => undefined,
        () => undefined,
      ),
    async close() {
      closing.abort()
      await working
    },
  }
}
