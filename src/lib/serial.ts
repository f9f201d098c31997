import { orAborted } from './abort.ts'

/** Work of one key goes one after the other, in the order it came; work of different keys side by side. */
export interface Serial {
  /** Resolves when it is this one's turn, which lasts until the answer is disposed of. Rejects with the reason of an abort. */
  enter(key: string, options: { readonly signal: AbortSignal }): Promise<Disposable>
}

export function createSerial(): Serial {
  const tails = new Map<string, Promise<void>>()
  return {
    async enter(key, { signal }) {
      signal.throwIfAborted()
      const left = Promise.withResolvers<void>()
      const before = tails.get(key) ?? Promise.resolve()
      const tail = before.then(() => left.promise)
      tails.set(key, tail)
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key)
      })
      try {
        await orAborted(before, signal)
        signal.throwIfAborted()
      } catch (error) {
        left.resolve()
        throw error
      }
      return { [Symbol.dispose]: left.resolve }
    },
  }
}
