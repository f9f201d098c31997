/** The events of a job as they happen: those of this process at once, those of another when the store is looked at. */
import { isTerminal, type JobEvent, type JobStore } from '../core/index.ts'
import type { Bells } from './bells.ts'

const LOOK_EVERY_MS = 500
const AT_ONCE = 100
/** A job that says nothing for so many looks is looked up: it may be gone, or over without an event to come. */
const LOOKS_UNTIL_LOOK_UP = 10

export interface FollowOptions {
  /** The number of the last event that is known; 0 for none. */
  readonly after: number
  readonly signal: AbortSignal
}

async function isNothingToCome(store: JobStore, id: string): Promise<boolean> {
  const job = await store.get(id)
  return job === undefined || isTerminal(job)
}

/** Ends with `ended`, with the job's removal, or with the signal's reason. Read no faster than it is pulled. */
export async function* follow(
  id: string,
  { after, signal }: FollowOptions,
  { store, bells }: { readonly store: JobStore; readonly bells: Bells },
): AsyncGenerator<JobEvent, void, undefined> {
  using alarm = bells.listen(id)
  let last = after
  let isLastLook = false
  for (let looks = 1; ; looks++) {
    signal.throwIfAborted()
    const events = await store.events(id, { after: last, limit: AT_ONCE })
    for (const event of events) {
      last = event.sequence
      yield event
      if (event.type === 'ended') return
    }
    if (events.length > 0) {
      looks = 0
      continue
    }
    if (isLastLook) return
    if (looks % LOOKS_UNTIL_LOOK_UP === 0) {
      // What was written before the job was over is read once more.
      isLastLook = await isNothingToCome(store, id)
      if (isLastLook) continue
    }
    await alarm.sleep({ ms: LOOK_EVERY_MS, signal })
  }
}
