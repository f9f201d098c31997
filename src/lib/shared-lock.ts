import { onAbort } from './abort.ts'

/** Many may read at a time, or one may write; whoever came first goes first. */
export interface SharedLock {
  /** Disposing of the answer (once or more) gives the lock back. Rejects with the signal's reason when it aborts first. */
  read(options: { readonly signal: AbortSignal }): Promise<Disposable>
  write(options: { readonly signal: AbortSignal }): Promise<Disposable>
}

type Use = 'read' | 'write'

export function createSharedLock(): SharedLock {
  let readers = 0
  let writing = false
  const queue: { readonly use: Use; readonly admit: () => void }[] = []

  const isFree = (use: Use): boolean => !writing && (use === 'read' || readers === 0)

  function admitNext(): void {
    for (let next = queue[0]; next !== undefined && isFree(next.use); next = queue[0]) {
      queue.shift()
      next.admit()
    }
  }

  function hold(use: Use): Disposable {
    if (use === 'read') readers++
    else writing = true
    let held = true
    return {
      [Symbol.dispose]() {
        if (!held) return
        held = false
        if (use === 'read') readers--
        else writing = false
        admitNext()
      },
    }
  }

  async function enter(use: Use, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted()
    if (queue.length === 0 && isFree(use)) return hold(use)
    const admitted = Promise.withResolvers<Disposable>()
    const waiter = { use, admit: () => admitted.resolve(hold(use)) }
    queue.push(waiter)
    using _left = onAbort(signal, () => {
      const at = queue.indexOf(waiter)
      // One that was admitted in the same moment has the lock, and gives it back.
      if (at < 0) return
      queue.splice(at, 1)
      admitted.reject(signal.reason)
      admitNext()
    })
    return await admitted.promise
  }

  return {
    read: ({ signal }) => enter('read', signal),
    write: ({ signal }) => enter('write', signal),
  }
}
