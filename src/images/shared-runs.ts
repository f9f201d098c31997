import { orAborted } from '../lib/index.ts'

/** Work that several may wait for at once and that is done once. */
export interface SharedRuns<T> {
  /**
   * Resolves or rejects as the work under that key does, which `work` begins where none is under way. A caller whose
   * signal aborts leaves with the reason; the work goes on for the others, and its own signal aborts with the last.
   */
  run(key: string, work: (signal: AbortSignal) => Promise<T>, options: { readonly signal: AbortSignal }): Promise<T>
}

interface Run<T> {
  readonly result: Promise<T>
  readonly stop: AbortController
  callers: number
}

export function createSharedRuns<T>(): SharedRuns<T> {
  const runs = new Map<string, Run<T>>()

  function begin(key: string, work: (signal: AbortSignal) => Promise<T>): Run<T> {
    const stop = new AbortController()
    const run = { result: work(stop.signal), stop, callers: 0 }
    runs.set(key, run)
    return run
  }

  return {
    async run(key, work, { signal }) {
      signal.throwIfAborted()
      const run = runs.get(key) ?? begin(key, work)
      run.callers++
      try {
        return await orAborted(run.result, signal)
      } finally {
        run.callers--
        if (run.callers === 0) {
          runs.delete(key)
          run.stop.abort()
        }
      }
    },
  }
}
