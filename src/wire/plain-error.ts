import { errorKind, type ErrorCode, type GatewayError } from '../core/index.ts'

/** Why the server takes nothing just now; any other 503 is the failure of a run. */
const UNAVAILABLE: Partial<Record<ErrorCode, string>> = {
  queue_full: 'queue full',
  starting: 'starting',
  shutting_down: 'shutting down',
}

/** What a caller of the plain paths reads first: a class of failure, not its cause. */
const title = ({ code }: GatewayError): string => {
  const { status } = errorKind(code)
  switch (status) {
    case 400:
      return 'invalid request'
    case 401:
      return 'unauthorized'
    case 404:
      return 'not found'
    case 405:
      return 'method not allowed'
    case 408:
      return 'request timeout'
    case 413:
      return 'request too large'
    case 415:
      return 'unsupported encoding'
    case 429:
      return code === 'job_queue_full' ? 'queue full' : 'rate limited'
    case 431:
      return 'headers too large'
    case 500:
      return 'internal error'
    case 503:
      return UNAVAILABLE[code] ?? 'execution failed'
  }
}

/** The envelope of `/v1/conversational`, `/execute` and `/jobs`. */
export const encodePlainError = (error: GatewayError) => ({
  error: title(error),
  detail: error.message,
  code: error.code,
})
