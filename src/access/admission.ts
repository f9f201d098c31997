/** Lets at most so many runs of the CLI be under way; the rest wait in order. */
import { GatewayError, type Clock, type ErrorCode, type TurnEngine } from '../core/index.ts'
import { createSemaphore, type Place } from '../lib/index.ts'

export interface Admission {
  readonly active: number
  readonly queued: number
  readonly capacity: number
  /**
   * Takes a place, at once or in turn.
   * @throws GatewayError with `full` as its code when too many are waiting; the signal's reason when it aborts.
   */
  enter(options: { readonly signal: AbortSignal; readonly full?: ErrorCode }): Promise<Place>
  /** Whether one more would be turned away. */
  readonly isFull: boolean
  /** The refusal of one that finds no room. */
  refusal(code: ErrorCode): GatewayError
}

export interface AdmissionOptions {
  readonly capacity: number
  readonly maxWaiting: number
  readonly clock: Clock
}

const MAX_RETRY_AFTER_SECONDS = 60

export function createAdmission({ capacity, maxWaiting, clock }: AdmissionOptions): Admission {
  const semaphore = createSemaphore({ capacity, maxWaiting })
  /** A moving average of how long a place is held. */
  let heldMs = 1000

  const refusal = (code: ErrorCode): GatewayError => {
    const seconds = Math.ceil((heldMs * (semaphore.waiting + 1)) / capacity / 1000)
    return new GatewayError(code, 'The server is busy and its queue is full. Try again later.', {
      retryAfterSeconds: Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS),
    })
  }

  return {
    get active() {
      return semaphore.active
    },
    get queued() {
      return semaphore.waiting
    },
    get isFull() {
      return semaphore.active >= capacity && semaphore.waiting >= maxWaiting
    },
    capacity,
    refusal,
    async enter({ signal, full = 'queue_full' }) {
      const place = await semaphore.enter({ signal })
      if (place === undefined) throw refusal(full)
      const sinceMs = clock.nowMs()
      let held = true
      return {
        [Symbol.dispose]() {
          if (held) heldMs = heldMs * 0.8 + (clock.nowMs() - sinceMs) * 0.2
          held = false
          place[Symbol.dispose]()
        },
      }
    },
  }
}

/** The engine behind the admission: a turn starts, and its time counts, from when it has a place. */
export const admitted = (engine: TurnEngine, admission: Admission): TurnEngine => ({
  async *run(request, { signal }) {
    using _place = await admission.enter({ signal })
    yield* engine.run(request, { signal })
  },
})
