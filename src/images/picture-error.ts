export interface PictureErrorOptions {
  /** Whether the same picture may be had if it is asked for again soon. */
  readonly retryable?: boolean
  readonly cause?: unknown
}

/**
 * Why a picture could not be had. `problem` is a part of a sentence for the caller, such as `the server answered with
 * status 404`: it tells nothing of the network that the gateway is in. `cause` is for the log only.
 */
export class PictureError extends Error {
  override readonly name = 'PictureError'
  readonly problem: string
  readonly retryable: boolean

  constructor(problem: string, { retryable = false, cause }: PictureErrorOptions = {}) {
    super(problem, cause === undefined ? {} : { cause })
    this.problem = problem
    this.retryable = retryable
  }
}
