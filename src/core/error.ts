/** OpenAI's `error.type`, as its clients know it. */
export type ErrorType = 'invalid_request_error' | 'rate_limit_error' | 'server_error'

interface ErrorKind {
  readonly status: 400 | 401 | 404 | 405 | 408 | 413 | 415 | 429 | 431 | 500 | 503
  readonly type: ErrorType
  /** Whether the same request may succeed if it is sent again soon. */
  readonly retryable: boolean
  /** What it means and what to do, for the reference page. */
  readonly tells: string
}

/**
 * Every failure that a caller can meet. Status and body are made from it in `http/error-response.ts` alone. 400, 401 and
 * 404 stand only where the same request would fail for ever: a voice client takes its language model out of service at
 * one of them (R60). What is the gateway's own fault is 503 (R61), and 409, 422 and 499 are never used (R66).
 */
export const ERRORS = {
  invalid_request: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    tells:
      'The request is malformed, or the model API does not take a part of it (an image, a file, its size); `param` names the field. Correct it.',
  },
  context_length_exceeded: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    tells: 'The history is longer than the model takes. Send less of it.',
  },
  invalid_api_key: {
    status: 401,
    type: 'invalid_request_error',
    retryable: false,
    tells:
      'No key was presented in `Authorization: Bearer KEY`, `x-api-key` or `api-key`, or the key is wrong. Send the key of this server (`API_BEARER_TOKEN`).',
  },
  too_many_wrong_keys: {
    status: 429,
    type: 'rate_limit_error',
    retryable: false,
    tells:
      'More than 20 wrong keys came from this address within a minute. Wait as long as `retry-after` says. The right key is served from the same address all the time.',
  },
  model_not_found: {
    status: 404,
    type: 'invalid_request_error',
    retryable: false,
    tells: 'No such model or agent. Use an id from `GET /v1/models`, or map the name with `VIVAVOCE_MODEL_ALIASES`.',
  },
  not_found: {
    status: 404,
    type: 'invalid_request_error',
    retryable: false,
    tells: 'No such path, job or conversation.',
  },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request_error',
    retryable: false,
    tells: 'The path exists, but not for this method; `allow` names those it takes.',
  },
  request_too_large: {
    status: 413,
    type: 'invalid_request_error',
    retryable: false,
    tells:
      'The body is larger than `VIVAVOCE_MAX_BODY_MB`, or takes too much memory or time to read. Send less or raise the limit.',
  },
  headers_too_large: {
    status: 431,
    type: 'invalid_request_error',
    retryable: false,
    tells: 'The headers are larger than 16 KiB. Send less in them.',
  },
  request_timeout: {
    status: 408,
    type: 'invalid_request_error',
    retryable: true,
    tells: 'The headers did not arrive within 30 s, or the whole request not within two minutes. Send it again.',
  },
  unsupported_encoding: {
    status: 415,
    type: 'invalid_request_error',
    retryable: false,
    tells: 'The body has a `content-encoding` other than gzip and deflate. Send it as it is, or in one of these.',
  },
  picture_unavailable: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells:
      'A picture that the request names by its address could not be fetched just now; `param` names it. Try again.',
  },
  rate_limit_exceeded: {
    status: 429,
    type: 'rate_limit_error',
    retryable: true,
    tells: 'The model API limits the rate of requests. Wait as long as `retry-after` says.',
  },
  insufficient_quota: {
    status: 429,
    type: 'rate_limit_error',
    retryable: false,
    tells:
      'The limit of the plan behind the CLI is used up. `retry-after` says when it is reset, where the CLI says so.',
  },
  too_many_followers: {
    status: 429,
    type: 'rate_limit_error',
    retryable: true,
    tells: 'The events of jobs are followed 100 times with this key. End one of these streams first.',
  },
  job_queue_full: {
    status: 429,
    type: 'rate_limit_error',
    retryable: true,
    tells:
      '`MAX_QUEUE_DEPTH` jobs are waiting, and the tenant has its share of them. Submit again after `retry-after` seconds.',
  },
  queue_full: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells:
      'Every slot is taken, `MAX_QUEUE_DEPTH` requests are waiting, and the tenant has its share of them. Try again after `retry-after` seconds.',
  },
  starting: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells:
      'The server verifies its Claude Code CLI before it serves: at its start, or after the CLI was replaced. Try again after `retry-after` seconds.',
  },
  overloaded: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells:
      'The model API is overloaded; or the server is: a response would begin later than `VIVAVOCE_FIRST_TOKEN_TIMEOUT_SECONDS` allows, or too many large requests are held at once. Try again after `retry-after` seconds, or soon.',
  },
  upstream_failed: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells: 'The model API failed or broke off its answer. Try again.',
  },
  upstream_refused: {
    status: 503,
    type: 'server_error',
    retryable: false,
    tells:
      'The model API refuses what the CLI sent: the model or feature is not on offer to this login, or the request is not accepted. The log has its words.',
  },
  timeout: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells: 'The answer did not come within the limits on time; the run was stopped.',
  },
  cli_not_logged_in: {
    status: 503,
    type: 'server_error',
    retryable: false,
    tells:
      'The Claude Code CLI of this server is not logged in. Its operator must run `claude setup-token` or log in again.',
  },
  cli_unavailable: {
    status: 503,
    type: 'server_error',
    retryable: false,
    tells: 'The Claude Code CLI could not be started. Run `vivavoce doctor` on the server.',
  },
  cli_failed: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells: 'The Claude Code CLI ended or answered in a way that is no answer. The log has the details.',
  },
  workspace_failed: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells:
      'No workspace could be made for the run, or its work not be read or pushed: the repository cannot be reached just now, or does not exist, or has no commit. Check `VIVAVOCE_WORKSPACE_REPO`, or the `repository` of the agent; the log has the words of git. Or the run was stopped because the disk is nearly full.',
  },
  workspace_unusable: {
    status: 503,
    type: 'server_error',
    retryable: false,
    tells:
      'The repository cannot be worked with as it is: the branch does not exist, it has submodules, files in Git LFS or SHA-256 object ids, belongs to another user of the machine, or is larger than `VIVAVOCE_WORKSPACE_MAX_MB`; or the run has made its workspace larger than that; or its work cannot be pushed: the branch is not among `VIVAVOCE_PUSH_BRANCHES`, or has other commits. The message says which.',
  },
  store_unavailable: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells:
      'The store of conversations and jobs cannot be opened or does not answer. Check `DATABASE_URL` or `VIVAVOCE_DATA_DIR`; the log has the details.',
  },
  sandbox_unavailable: {
    status: 503,
    type: 'server_error',
    retryable: false,
    tells:
      'The agent may run commands or write files, and the server has no sandbox for it. Install bubblewrap (`vivavoce doctor` tells what is missing), or set `VIVAVOCE_ALLOW_UNSANDBOXED=1`. Or it may run commands beside file tools, and the CLI is older than 2.1.330: update it. The message says which.',
  },
  budget_exceeded: {
    status: 503,
    type: 'server_error',
    retryable: false,
    tells:
      'The run reached its budget (`VIVAVOCE_AGENT_BUDGET_USD`, or `max_budget_usd` of the job) before it was done.',
  },
  no_answer: {
    status: 503,
    type: 'server_error',
    retryable: false,
    tells:
      'The model declined to answer in a conversation, without a word, or the model API’s content filter blocked the response. Say it in another way.',
  },
  schema_unmet: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells: 'The model did not produce what `response_format` asks for. Try again or loosen the schema.',
  },
  superseded: {
    status: 503,
    type: 'server_error',
    retryable: false,
    tells: 'A newer request of the same conversation took this one’s place.',
  },
  shutting_down: {
    status: 503,
    type: 'server_error',
    retryable: true,
    tells: 'The server is stopping. Try again shortly.',
  },
  internal_error: {
    status: 500,
    type: 'server_error',
    retryable: true,
    tells: 'A defect of the gateway. The log has the details under the request’s id.',
  },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

export const errorKind = (code: ErrorCode): ErrorKind => ERRORS[code]

export interface GatewayErrorOptions {
  readonly cause?: unknown
  /** The request's field that is at fault, as the caller wrote it: `messages[2].content`. */
  readonly param?: string
  /** How long to wait before trying again, where it is known. */
  readonly retryAfterSeconds?: number
  /** For the log only: stderr's tail, the CLI's own words, exit codes, paths. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** The one error of the product. `message` is for the caller: short, safe to speak, without paths or keys (R58). */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly param: string | undefined
  readonly retryAfterSeconds: number | undefined
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.param = options.param
    this.retryAfterSeconds = options.retryAfterSeconds
    this.details = options.details ?? {}
  }

  /** The same failure with more for the log. */
  withDetails(details: Readonly<Record<string, unknown>>): GatewayError {
    return new GatewayError(this.code, this.message, {
      cause: this.cause,
      details: { ...this.details, ...details },
      ...(this.param === undefined ? {} : { param: this.param }),
      ...(this.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: this.retryAfterSeconds }),
    })
  }
}

/** Any thrown value as a GatewayError; what is not one is a defect, whose words stay in the log. */
export const toGatewayError = (thrown: unknown): GatewayError =>
  thrown instanceof GatewayError
    ? thrown
    : new GatewayError('internal_error', 'The gateway failed on this request.', { cause: thrown })
