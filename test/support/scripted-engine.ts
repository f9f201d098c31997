import { NO_USAGE, type TurnEnd, type TurnEngine, type TurnEvent, type TurnRequest } from '../../src/core/index.ts'
import { onAbort } from '../../src/lib/index.ts'

/** What a run does next: give an event, throw an error, or wait for a promise (an abort ends the wait). */
export type Step = TurnEvent | Error | Promise<unknown>

export interface ScriptedRun {
  readonly request: TurnRequest
  readonly signal: AbortSignal
  /** How many steps have been begun. */
  readonly steps: number
  /** Resolves when the run is over, however it ended. */
  readonly ended: Promise<void>
}

/** An engine that keeps the contract of `TurnEngine` and says what its script says. */
export interface ScriptedEngine extends TurnEngine {
  readonly runs: readonly ScriptedRun[]
  /** Resolves with the run of this index once it has begun. */
  started(index: number): Promise<ScriptedRun>
}

export const text = (delta: string): TurnEvent => ({ type: 'text-delta', text: delta })

export const end = (answer: string, rest: Partial<TurnEnd> = {}): TurnEnd => ({
  type: 'turn-end',
  reason: 'end',
  usage: NO_USAGE,
  answer,
  ...rest,
})

/** A whole answer in one delta. */
export const says = (answer: string): readonly Step[] => [text(answer), end(answer)]

/** A wait that only an abort ends. */
export const forever = (): Promise<never> => new Promise<never>(() => undefined)

/** The script is asked anew for each run; `index` counts them from 0. */
export function createScriptedEngine(script: (request: TurnRequest, index: number) => readonly Step[]): ScriptedEngine {
  const runs: ScriptedRun[] = []
  const waiters = new Set<() => void>()

  async function* play(request: TurnRequest, signal: AbortSignal): AsyncGenerator<TurnEvent, void> {
    const ended = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<never>()
    aborted.promise.catch(() => undefined)
    const run = { request, signal, steps: 0, ended: ended.promise }
    runs.push(run)
    for (const look of waiters) look()
    using _listening = onAbort(signal, () => aborted.reject(signal.reason))
    try {
      for (const step of script(request, runs.indexOf(run))) {
        signal.throwIfAborted()
        run.steps++
        if (step instanceof Error) throw step
        if (step instanceof Promise) await Promise.race([step, aborted.promise])
        else yield step
      }
      signal.throwIfAborted()
    } finally {
      ended.resolve()
    }
  }

  return {
    run: (request, { signal }) => play(request, signal),
    runs,
    started: (index) =>
      new Promise((resolve) => {
        const look = (): void => {
          const run = runs[index]
          if (run === undefined) return
          waiters.delete(look)
          resolve(run)
        }
        waiters.add(look)
        look()
      }),
  }
}
