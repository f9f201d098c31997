/** The one place where a failure becomes a status and a body. */
import { errorKind, type GatewayError } from '../core/index.ts'
import { encodeOpenAiError, encodePlainError } from '../wire/index.ts'
import { ACCEPTED_CODINGS } from './decode-body.ts'
import { isPlain } from './paths.ts'

/** The body in the envelope of the path: OpenAI's, or `{error, detail}`. */
export const errorBody = (error: GatewayError, path: string): object =>
  isPlain(path) ? encodePlainError(error) : encodeOpenAiError(error)

/** The headers that say whether and when to try again (R62, R69, R70), and in which coding (RFC 9110, 15.5.16). */
function headersOf(error: GatewayError): Record<string, string> {
  const { retryable } = errorKind(error.code)
  const { retryAfterSeconds } = error
  return {
    ...(retryAfterSeconds === undefined
      ? {}
      : { 'retry-after': String(retryAfterSeconds), 'retry-after-ms': String(retryAfterSeconds * 1000) }),
    ...(retryable ? {} : { 'x-should-retry': 'false' }),
    ...(error.code === 'unsupported_encoding' ? { 'accept-encoding': ACCEPTED_CODINGS } : {}),
  }
}

export const errorResponse = (error: GatewayError, path: string): Response =>
  Response.json(errorBody(error, path), { status: errorKind(error.code).status, headers: headersOf(error) })
