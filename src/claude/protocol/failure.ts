/** Why a run of the CLI is no answer, in our words. The CLI's own words go to the log and never to a caller. */
import { GatewayError, type ErrorCode, type GatewayErrorOptions } from '../../core/index.ts'
import type { CliResult, CliRetry } from './message.ts'

/** The CLI does not tell how long a rate limit lasts when it does not wait for it; then it is a long one. */
const UNTOLD_RATE_LIMIT_SECONDS = 60
const LONGEST_RETRY_WAIT_MS = 1000

const WORDS_CHARS = 500

const PLAN_LIMIT = /usage limit|hit your .{0,20}limit|out of extra usage|credit balance is too low/i
const NOT_LOGGED_IN =
  /not logged in|please run \/login|invalid api key|oauth token (?:has expired|revoked)|authentication/i
const TOO_LONG = /prompt is too long|context.{0,10}(?:window|length)|input is too long/i

/** The CLI reports a plan's reset as seconds since the epoch behind a bar: `…limit reached|1735689600`. */
const resetAfterSeconds = (text: string, nowMs: number): number | undefined => {
  const epoch = /\|(\d{10})\b/.exec(text)?.[1]
  return epoch === undefined ? undefined : Math.max(1, Math.ceil(Number(epoch) - nowMs / 1000))
}

interface Seen {
  /** The CLI's class of the failure, from the message that it wrote in the model's place. */
  readonly problem: string | undefined
  readonly nowMs: number
}

const SENTENCES = {
  cli_not_logged_in:
    'The Claude Code CLI of this server is not logged in. Its operator must run `claude setup-token` or log in again.',
  insufficient_quota: 'The usage limit of the plan behind this server is reached.',
  rate_limit_exceeded: 'The model API limits the rate of requests.',
  context_length_exceeded: 'The conversation is longer than the model takes. Send less of it.',
  budget_exceeded: 'The run reached its budget before it was done.',
  schema_unmet: 'The model did not produce an answer that satisfies the schema.',
  overloaded: 'The model API is overloaded.',
  upstream_refused: 'The model API refused the request.',
  upstream_failed: 'The model API failed.',
  cli_failed: 'The Claude Code CLI did not produce an answer.',
} as const satisfies Partial<Record<ErrorCode, string>>

type FailureCode = keyof typeof SENTENCES

/** What the model API's status says; `undefined` where there is none, or it says too little. */
function codeOfStatus(status: number | undefined, text: string): FailureCode | undefined {
  if (status === undefined) return undefined
  if (status === 401 || status === 403) return 'cli_not_logged_in'
  if (status === 429) return PLAN_LIMIT.test(text) ? 'insufficient_quota' : 'rate_limit_exceeded'
  if (status === 529) return 'overloaded'
  if (status >= 500) return 'upstream_failed'
  return TOO_LONG.test(text)
    ? 'context_length_exceeded'
    : PLAN_LIMIT.test(text)
      ? 'insufficient_quota'
      : 'upstream_refused'
}

/** What the CLI's class of the failure says. */
function codeOfProblem(problem: string | undefined): FailureCode | undefined {
  switch (problem) {
    case 'authentication_failed':
      return 'cli_not_logged_in'
    case 'rate_limit':
      return 'rate_limit_exceeded'
    case 'overloaded':
      return 'overloaded'
    case 'model_not_found':
      return 'upstream_refused'
    default:
      return undefined
  }
}

function codeOf({ subtype, terminalReason, status, text }: CliResult, problem: string | undefined): FailureCode {
  if (subtype === 'error_max_budget_usd') return 'budget_exceeded'
  if (subtype === 'error_max_structured_output_retries') return 'schema_unmet'
  if (terminalReason === 'prompt_too_long' || terminalReason === 'blocking_limit') return 'context_length_exceeded'
  const told = codeOfStatus(status, text)
  if (told !== undefined) return told
  // Without a status the CLI's words are all there is.
  if (PLAN_LIMIT.test(text)) return 'insufficient_quota'
  if (NOT_LOGGED_IN.test(text)) return 'cli_not_logged_in'
  if (TOO_LONG.test(text)) return 'context_length_exceeded'
  return codeOfProblem(problem) ?? (problem === undefined ? 'cli_failed' : 'upstream_failed')
}

/** The failure that a result line reports (`is_error`, or a subtype other than `success`). */
export function failureOfResult(result: CliResult, { problem, nowMs }: Seen): GatewayError {
  const code = codeOf(result, problem)
  const options: GatewayErrorOptions = {
    details: {
      subtype: result.subtype,
      status: result.status,
      problem,
      words: result.text.slice(0, WORDS_CHARS),
      errors: result.errors,
    },
  }
  const retryAfterSeconds =
    code === 'insufficient_quota'
      ? resetAfterSeconds(result.text, nowMs)
      : code === 'rate_limit_exceeded'
        ? UNTOLD_RATE_LIMIT_SECONDS
        : undefined
  return new GatewayError(
    code,
    SENTENCES[code],
    retryAfterSeconds === undefined ? options : { ...options, retryAfterSeconds },
  )
}

/**
 * The failure behind a retry that the CLI announces, where waiting for it is no use to someone who is spoken with: the
 * login was refused and would be again, or a rate limit lasts longer than a moment. `undefined` lets the CLI try again.
 */
export function failureOfRetry({ status, delayMs = 0 }: CliRetry): GatewayError | undefined {
  if (status === 401 || status === 403) return new GatewayError('cli_not_logged_in', SENTENCES.cli_not_logged_in)
  if (status !== 429 || delayMs < LONGEST_RETRY_WAIT_MS) return undefined
  return new GatewayError('rate_limit_exceeded', SENTENCES.rate_limit_exceeded, {
    retryAfterSeconds: Math.ceil(delayMs / 1000),
  })
}

/** A run that ended without a result line. */
export const failureOfExit = (details: Readonly<Record<string, unknown>>, stderrTail: string): GatewayError =>
  NOT_LOGGED_IN.test(stderrTail)
    ? new GatewayError('cli_not_logged_in', SENTENCES.cli_not_logged_in, { details })
    : new GatewayError('cli_failed', 'The Claude Code CLI ended without an answer.', { details })
