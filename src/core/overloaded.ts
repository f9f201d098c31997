import { GatewayError } from './error.ts'

const MAX_RETRY_AFTER_SECONDS = 60

/** How long a caller is asked to wait: whole seconds, at least one, at most what clients obey. */
export const retryAfterSeconds = (ms: number): number =>
  Math.min(Math.max(Math.ceil(ms / 1000), 1), MAX_RETRY_AFTER_SECONDS)

/** The refusal of a turn that would wait for too long; `beyondMs` is by how much. */
export const overloaded = (beyondMs: number): GatewayError =>
  new GatewayError('overloaded', 'The server is overloaded: a response would not begin in time. Try again later.', {
    retryAfterSeconds: retryAfterSeconds(beyondMs),
  })
