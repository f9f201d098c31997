/** Checks a binary of the CLI until it is decided: attempts that show nothing are repeated, with longer limits. */
import type { CheckOutcome, CliCheck } from './check-cli.ts'
import type { CliVerification, Clock, Observer } from './core/index.ts'
import { pause } from './pause.ts'

export interface VerifyOptions {
  /** Of the binary that is checked. */
  readonly path: string
  readonly reason: CliVerification['reason']
  /** What whoever asks is to know of it from now on. */
  readonly changed: (verification: CliVerification) => void
  /** Whether the binary is still the one that is checked. */
  readonly isThere: () => boolean
  readonly clock: Clock
  readonly observer: Observer
}

export type Decision =
  | Extract<CheckOutcome, { outcome: 'verified' }>
  | { readonly outcome: 'refused'; readonly message: string }
  /** It was replaced in the meantime: nothing that was shown counts. */
  | { readonly outcome: 'replaced' }

const TELL_EVERY_MS = 5000
const FIRST_PAUSE_MS = 1000
const LAST_PAUSE_MS = 30_000
/** At a start, a CLI whose processes end so often by themselves is taken for broken. */
const MAX_FAILURES = 5

/** Whether nobody need wait for another attempt: at a start its operator is there to see why. */
const isHopeless = (
  outcome: CheckOutcome,
  { reason, failures }: { readonly reason: CliVerification['reason']; readonly failures: number },
): boolean =>
  outcome.outcome !== 'unchecked' ||
  (reason === 'start' && (outcome.kind === 'environment' || outcome.kind === 'program' || failures >= MAX_FAILURES))

export async function verifyCli(
  check: CliCheck,
  { path, reason, changed, isThere, clock, observer }: VerifyOptions,
  signal: AbortSignal,
): Promise<Decision> {
  const sinceMs = clock.nowMs()
  let verification: CliVerification = { status: 'verifying', reason, path, sinceMs, attempt: 1 }
  let failures = 0
  let telling: Disposable | undefined
  const tell = (): void => {
    telling = clock.after(TELL_EVERY_MS, () => {
      const { attempt } = verification
      observer.observe({ type: 'cli-verification-continues', attempt, ms: clock.nowMs() - sinceMs, step: check.step })
      tell()
    })
  }
  observer.observe({ type: 'cli-verification-started', reason, path })
  changed(verification)
  tell()
  try {
    for (;;) {
      const outcome = await check.attempt(signal)
      if (!isThere()) return { outcome: 'replaced' }
      const over = { attempts: verification.attempt, ms: clock.nowMs() - sinceMs, path }
      if (outcome.outcome === 'verified') {
        const { version } = outcome.cli
        observer.observe({ type: 'cli-verification-finished', ...over, outcome: 'verified', version })
        return outcome
      }
      const { message: problem } = outcome
      failures = outcome.outcome === 'unchecked' && outcome.kind === 'failed' ? failures + 1 : 0
      if (isHopeless(outcome, { reason, failures })) {
        observer.observe({ type: 'cli-verification-finished', ...over, outcome: 'refused', problem })
        return { outcome: 'refused', message: problem }
      }
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (verification.attempt - 1), LAST_PAUSE_MS)
      verification = { ...verification, attempt: verification.attempt + 1, problem }
      const { attempt } = verification
      observer.observe({ type: 'cli-verification-retried', attempt, ms: clock.nowMs() - sinceMs, problem })
      changed(verification)
      await pause(clock, pauseMs, signal)
    }
  } finally {
    telling?.[Symbol.dispose]()
  }
}
