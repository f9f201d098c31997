import type { Observer } from '../core/index.ts'

/** Owns what goes on after a response has been sent; `close` waits for all of it. */
export interface Background {
  run(ending: Promise<unknown>): void
  close(): Promise<void>
}

export function createBackground({ observer }: { readonly observer: Observer }): Background {
  const running = new Set<Promise<void>>()
  return {
    run(ending) {
      const settled = ending.then(
        () => undefined,
        (error: unknown) => observer.observe({ type: 'cleanup-failed', what: 'turn', error }),
      )
      running.add(settled)
      void settled.then(() => running.delete(settled))
    },
    async close() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
