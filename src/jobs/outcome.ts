/** How the end of a run becomes the end of a job: pure. */
import type { GatewayError, JobOutcome, TurnEnd } from '../core/index.ts'

type EndStatus = JobOutcome['status']

/** What stands in the way of any run, whatever is asked of it. */
const COULD_NOT_RUN: readonly string[] = [
  'cli_unavailable',
  'workspace_failed',
  'workspace_unusable',
  'sandbox_unavailable',
  'store_unavailable',
  'model_not_found',
  'shutting_down',
  'internal_error',
]

const statusOf = ({ code }: GatewayError): EndStatus =>
  code === 'timeout' ? 'timeout' : COULD_NOT_RUN.includes(code) ? 'error' : 'failed'

/** What a caller is told of a failure; the rest goes to the log. */
export function failureOutcome(error: GatewayError): JobOutcome {
  const { exitCode } = error.details
  return {
    status: statusOf(error),
    error: error.message,
    errorCode: error.code,
    ...(typeof exitCode === 'number' ? { exitCode } : {}),
  }
}

export const answerOutcome = ({ answer, usage, exitCode, costUsd }: TurnEnd): JobOutcome => ({
  status: 'completed',
  output: answer,
  usage,
  ...(exitCode === undefined ? {} : { exitCode }),
  ...(costUsd === undefined ? {} : { costUsd }),
})
