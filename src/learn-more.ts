/** Finds out behind the turns that are served what is still unknown of the CLI. */
import type { CheckOutcome, CliCheck } from './check-cli.ts'
import { isComplete, type Findings } from './claude/index.ts'
import type { Clock, Observer } from './core/index.ts'
import type { Verified } from './generation.ts'
import { pause } from './pause.ts'

const FIRST_PAUSE_MS = 5000
const LAST_PAUSE_MS = 600_000

export interface LearnOptions {
  readonly findings: Findings
  /** Whether the binary still serves. */
  readonly isServed: () => boolean
  /** More is known; what it needs was verified. */
  readonly found: (verified: Verified) => Promise<void>
  readonly clock: Clock
  readonly observer: Observer
}

/** Returns when everything is known, or the binary serves no longer. */
export async function learnMore(
  check: CliCheck,
  { findings, isServed, found, clock, observer }: LearnOptions,
  signal: AbortSignal,
): Promise<void> {
  let known = findings
  for (let pauseMs = FIRST_PAUSE_MS; !isComplete(known); pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
    await pause(clock, pauseMs, signal)
    if (!isServed()) return
    const outcome: CheckOutcome = await check.attempt(signal)
    if (!isServed()) return
    if (outcome.outcome === 'unchecked') continue
    if (outcome.outcome !== 'verified') {
      // What is served was verified; what it lacks stays out of use.
      observer.observe({ type: 'cli-capabilities-refused', problem: outcome.message })
      return
    }
    if (JSON.stringify(outcome.findings) !== JSON.stringify(known)) await found(outcome)
    known = outcome.findings
  }
}
