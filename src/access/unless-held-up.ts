/** The limit of a turn whose reader asks for no more events: the turn itself is suspended then, and cannot see its limit. */
import { GatewayError, type Clock, type TurnEvent } from '../core/index.ts'

/** A reader that is not holding the turn up at the limit is looked at again; the turn's own limits are in force for it. */
const LOOK_AGAIN_MS = 1000

export interface HeldUpOptions {
  readonly limitMs: number
  readonly clock: Clock
  /** The turn has ended although its reader has not come back. */
  readonly ended: () => void
}

/** The same events. A turn that waits for its reader at the limit is ended, and fails with `timeout` if the reader comes back. */
export async function* unlessHeldUp(
  events: AsyncIterable<TurnEvent>,
  { limitMs, clock, ended }: HeldUpOptions,
): AsyncGenerator<TurnEvent, void, undefined> {
  const turn = events[Symbol.asyncIterator]()
  let isHeldUp = false
  let ending: Promise<unknown> | undefined
  let timer: Disposable
  const look = (): void => {
    if (!isHeldUp) {
      timer = clock.after(LOOK_AGAIN_MS, look)
      return
    }
    ending = Promise.resolve(turn.return?.()).finally(ended)
    // The failure goes to the reader when the reader comes back or leaves.
    ending.catch(() => undefined)
  }
  timer = clock.after(limitMs, look)
  try {
    for (let next = await turn.next(); next.done !== true; next = await turn.next()) {
      const { type } = next.value
      // Readers leave at the last event.
      if (type === 'turn-end' || type === 'turn-failed') timer[Symbol.dispose]()
      isHeldUp = true
      yield next.value
      isHeldUp = false
      if (ending === undefined) continue
      await ending
      yield {
        type: 'turn-failed',
        error: new GatewayError('timeout', 'The response was not read within the time limit of a turn.'),
      }
      return
    }
  } finally {
    timer[Symbol.dispose]()
    await (ending ?? turn.return?.())
  }
}
