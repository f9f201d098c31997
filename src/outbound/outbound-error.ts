export interface OutboundErrorOptions {
  /** Whether the same request may fare better soon. */
  readonly retryable?: boolean
  readonly cause?: unknown
}

/**
 * Why a request to an address that a caller named came to nothing. `problem` is a part of a sentence for the caller, such
 * as `the server answered with status 404`: it tells nothing of the network that the gateway is in, and nothing of the
 * address. `cause` is for the log only.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly problem: string
  readonly retryable: boolean

  constructor(problem: string, { retryable = false, cause }: OutboundErrorOptions = {}) {
    super(problem, cause === undefined ? {} : { cause })
    this.problem = problem
    this.retryable = retryable
  }
}
