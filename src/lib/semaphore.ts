/** A place taken; disposing of it (once or more) gives it back. */
export interface Place extends Disposable {}

/** Lets `capacity` holders in at a time; the rest wait in order, at most `maxWaiting` of them. */
export interface Semaphore {
  readonly active: number
  readonly waiting: number
  /**
   * Resolves with a place, at once or when one is free; `undefined` at once when `maxWaiting` are waiting already.
   * Rejects with the signal's reason when it aborts first; the wait leaves nothing behind.
   */
  enter(options: { readonly signal: AbortSignal }): Promise<Place | undefined>
}

export function createSemaphore({
  capacity,
  maxWaiting,
}: {
  readonly capacity: number
  readonly maxWaiting: number
}): Semaphore {
  let active = 0
  const queue = new Set<() => void>()

  const place = (): Place => {
    let held = true
    return {
      [Symbol.dispose]() {
        if (!held) return
        held = false
        active--
        const next = queue.values().next()
        if (next.done !== true) next.value()
      },
    }
  }

  return {
    get active() {
      return active
    },
    get waiting() {
      return queue.size
    },
    async enter({ signal }) {
      signal.throwIfAborted()
      if (active < capacity) {
        active++
        return place()
      }
      if (queue.size >= maxWaiting) return undefined
      return await new Promise<Place>((resolve, reject) => {
        const admit = (): void => {
          queue.delete(admit)
          signal.removeEventListener('abort', leave)
          active++
          resolve(place())
        }
        const leave = (): void => {
          queue.delete(admit)
          reject(signal.reason)
        }
        queue.add(admit)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
  }
}
