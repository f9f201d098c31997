/** The events of a job as they happen: whoever writes or finds some wakes those who follow it. */
import type { JobEvent } from '../core/index.ts'
import type { Bells } from './bells.ts'

export interface FollowOptions {
  /** The number of the last event that is known; 0 for none. */
  readonly after: number
  readonly signal: AbortSignal
}

export interface FollowSource {
  /** The next events behind a number, not all of them where there are many. */
  readonly read: (id: string, after: number) => Promise<readonly JobEvent[]>
  /** Whether nothing more happens to the job: it is over, or gone. */
  readonly isOver: () => boolean
  readonly bells: Bells
}

/** Ends with `ended`, with the job's removal, or with the signal's reason. Read no faster than it is pulled. */
export async function* follow(
  id: string,
  { after, signal }: FollowOptions,
  { read, isOver, bells }: FollowSource,
): AsyncGenerator<JobEvent, void, undefined> {
  using alarm = bells.listen(id)
  let last = after
  for (;;) {
    signal.throwIfAborted()
    // What was written before the job was over is read once more.
    const isLastRead = isOver()
    const events = await read(id, last)
    for (const event of events) {
      last = event.sequence
      yield event
      if (event.type === 'ended') return
    }
    if (events.length > 0) continue
    if (isLastRead) return
    await alarm.sleep({ signal })
  }
}
