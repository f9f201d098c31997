/** A check of the doctor: a function that finds something, and what it hands on to later checks. */
import type { CliBinary } from '../../claude/index.ts'
import type { Config } from '../../config/index.ts'
import type { Agent, MissingCapability } from '../../core/index.ts'

export type State = 'ok' | 'warn' | 'fail' | 'skip'

export interface Finding {
  readonly state: State
  /** What is there, or what is wrong, without a full stop. */
  readonly found: string
  /** What to do about it, as sentences. */
  readonly advice?: string
  readonly facts?: Facts
}

/** What earlier checks found. */
export interface Facts {
  readonly config?: Config
  /** That files can be written in. */
  readonly dataDirectory?: string
  readonly agents?: readonly Agent[]
  readonly cli?: CliBinary
  /** The capabilities that a CLI lacks which is safe to serve. */
  readonly missing?: readonly MissingCapability[]
  /** A vivavoce listens where this one would. */
  readonly isRunning?: boolean
  /** A turn came to a response. */
  readonly isLoggedIn?: boolean
}

export interface CheckContext {
  readonly facts: Facts
  /** Aborts when the user stops the command. */
  readonly signal: AbortSignal
}

export interface Check {
  readonly name: string
  /** The facts without which it has nothing to check: then it is skipped. */
  readonly needs: readonly (keyof Facts)[]
  run(context: CheckContext & { readonly facts: Facts }): Promise<Finding>
}

export const ok = (found: string, facts: Facts = {}): Finding => ({ state: 'ok', found, facts })
export const warn = (found: string, advice: string, facts: Facts = {}): Finding => ({
  state: 'warn',
  found,
  advice,
  facts,
})
export const fail = (found: string, advice: string): Finding => ({ state: 'fail', found, advice })
export const skip = (found: string): Finding => ({ state: 'skip', found })

/** The first line of an error, whatever was thrown. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : String(error))
    .split('\n', 1)
    .join('')

/** Runs the checks in order; `report` gets each finding as it is made. Resolves to whether nothing failed. */
export async function runChecks(
  checks: readonly Check[],
  { signal, report }: { readonly signal: AbortSignal; report(name: string, finding: Finding): void },
): Promise<boolean> {
  let facts: Facts = {}
  let passed = true
  for (const { name, needs, run } of checks) {
    signal.throwIfAborted()
    const missing = needs.find((fact) => facts[fact] === undefined)
    const finding =
      missing === undefined
        ? await run({ facts, signal }).catch((error: unknown) => {
            signal.throwIfAborted()
            return fail(reasonOf(error), 'This check failed itself. Report it with the message above.')
          })
        : skip('not checked, because an earlier check failed')
    facts = { ...facts, ...finding.facts }
    passed &&= finding.state !== 'fail'
    report(name, finding)
  }
  return passed
}
