/** The one place where a failure becomes a status and a body. */
import { errorKind, type ErrorCode, type GatewayError } from '../core/index.ts'
import { encodeOpenAiError, encodePlainError } from '../wire/index.ts'
import { ACCEPTED_CODINGS } from './decode-body.ts'
import { isPlain } from './paths.ts'

/** The body in the envelope of the path: OpenAI's, or `{error, detail}`. */
export const errorBody = (error: GatewayError, path: string): object =>
  isPlain(path) ? encodePlainError(error) : encodeOpenAiError(error)

/**
 * What a retry at once does not mend: the CLI has tried twice, or knows of a longer wait. OpenAI's SDKs would try twice more,
 * which a listener hears as seconds of silence. Measured in docs/decisions/2026-11-30-retries-in-voice.md.
 */
const LASTING: readonly ErrorCode[] = ['overloaded', 'rate_limit_exceeded', 'upstream_failed']

export interface ErrorAudience {
  /** Someone waits for a chat agent's first words: an error now is worth more than a response seconds later. */
  readonly isListening: boolean
}

/** The headers that say whether and when to try again (R62, R69, R70), and in which coding (RFC 9110, 15.5.16). */
function headersOf(error: GatewayError, { isListening }: ErrorAudience): Record<string, string> {
  const retryable = errorKind(error.code).retryable && !(isListening && LASTING.includes(error.code))
  const { retryAfterSeconds } = error
  return {
    ...(retryAfterSeconds === undefined
      ? {}
      : { 'retry-after': String(retryAfterSeconds), 'retry-after-ms': String(retryAfterSeconds * 1000) }),
    ...(retryable ? {} : { 'x-should-retry': 'false' }),
    ...(error.code === 'unsupported_encoding' ? { 'accept-encoding': ACCEPTED_CODINGS } : {}),
  }
}

export const errorResponse = (
  error: GatewayError,
  path: string,
  audience: ErrorAudience = { isListening: false },
): Response =>
  Response.json(errorBody(error, path), { status: errorKind(error.code).status, headers: headersOf(error, audience) })
