import { orAborted } from './abort.ts'

/** Runs the tasks of one key one after the other, in the order they came; tasks of different keys run side by side. */
export interface Serial {
  /** Resolves or rejects as `task` does. A task whose signal aborts while it waits never starts and rejects with the reason. */
  run<T>(key: string, task: () => Promise<T>, options: { readonly signal: AbortSignal }): Promise<T>
}

export function createSerial(): Serial {
  const tails = new Map<string, Promise<unknown>>()
  return {
    async run(key, task, { signal }) {
      signal.throwIfAborted()
      const before = tails.get(key) ?? Promise.resolve()
      const own = before.then(() => {
        signal.throwIfAborted()
        return task()
      })
      const tail = own.catch(() => undefined)
      tails.set(key, tail)
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key)
      })
      // The task itself follows the signal once it runs; this only frees a caller that still waits for its turn.
      await orAborted(before, signal)
      return await own
    },
  }
}
