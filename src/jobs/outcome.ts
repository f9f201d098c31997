/** How the end of a run becomes the end of a job: pure. */
import type { GatewayError, JobOutcome, TurnEnd } from '../core/index.ts'

type EndStatus = JobOutcome['status']

const statusOf = (error: GatewayError): EndStatus => {
  switch (error.code) {
    case 'timeout':
      return 'timeout'
    case 'cli_unavailable':
    case 'workspace_failed':
    case 'store_unavailable':
    case 'model_not_found':
    case 'shutting_down':
    case 'internal_error':
      return 'error'
    default:
      return 'failed'
  }
}

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
