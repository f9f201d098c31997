/** Why a run of the CLI is no answer, in our words. The CLI's own words go to the log and never to a caller. */
import { GatewayError, type ErrorCode } from '../../core/index.ts'
import type { CliResult, CliRetry } from './message.ts'
import { isLoginRefused, refusalOf, type Refusal } from './refusals.ts'
import { secondsUntilReset } from './reset-time.ts'

/** The CLI does not say how long a rate limit lasts when it does not wait for it; then it is a long one. */
const UNTOLD_RATE_LIMIT_SECONDS = 60
const LONGEST_RETRY_WAIT_MS = 1000

const WORDS_CHARS = 500

const LOGIN =
  'The Claude Code CLI of this server is not logged in. Its operator must run `claude setup-token` or log in again.'
const RATE = 'The model API limits the rate of requests.'

interface Seen {
  /** The CLI's class of the failure, from the message that it wrote in the model's place. */
  readonly problem: string | undefined
  readonly nowMs: number
}

type Told = Pick<Refusal, 'code' | 'message' | 'param'>

/** What the CLI itself ends a run with. */
const OF_SUBTYPE: Readonly<Record<string, Told>> = {
  error_max_budget_usd: { code: 'budget_exceeded', message: 'The run reached its budget before it was done.' },
  error_max_structured_output_retries: {
    code: 'schema_unmet',
    message: 'The model did not produce an answer that satisfies the schema.',
  },
}

const NO_ANSWER: Told = { code: 'cli_failed', message: 'The Claude Code CLI did not produce an answer.' }

function retryAfterOf(code: ErrorCode, text: string, nowMs: number): number | undefined {
  if (code === 'insufficient_quota') return secondsUntilReset(text, nowMs)
  return code === 'rate_limit_exceeded' ? UNTOLD_RATE_LIMIT_SECONDS : undefined
}

/** The failure that a result line reports (`is_error`, or a subtype other than `success`). */
export function failureOfResult(result: CliResult, { problem, nowMs }: Seen): GatewayError {
  const { subtype, status, text, errors } = result
  const { code, message, param } = OF_SUBTYPE[subtype] ?? refusalOf({ ...result, problem }) ?? NO_ANSWER
  const retryAfterSeconds = retryAfterOf(code, text, nowMs)
  return new GatewayError(code, message, {
    details: { subtype, status, problem, words: text.slice(0, WORDS_CHARS), errors },
    ...(param === undefined ? {} : { param }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

/**
 * The failure behind a retry that the CLI announces, where waiting for it is no use to someone who is spoken with: the
 * login was refused and would be again, or a rate limit lasts longer than a moment. `undefined` lets the CLI try again.
 */
export function failureOfRetry({ status, delayMs = 0 }: CliRetry): GatewayError | undefined {
  if (status === 401 || status === 403) return new GatewayError('cli_not_logged_in', LOGIN)
  if (status !== 429 || delayMs < LONGEST_RETRY_WAIT_MS) return undefined
  return new GatewayError('rate_limit_exceeded', RATE, {
    retryAfterSeconds: Math.ceil(delayMs / 1000),
  })
}

/** A run that ended without a result line. */
export const failureOfExit = (details: Readonly<Record<string, unknown>>, stderrTail: string): GatewayError =>
  isLoginRefused(stderrTail)
    ? new GatewayError('cli_not_logged_in', LOGIN, { details })
    : new GatewayError('cli_failed', 'The Claude Code CLI ended without an answer.', { details })
