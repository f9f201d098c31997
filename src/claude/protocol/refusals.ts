/**
 * What each error of the model API is to a caller: every status and type of the Messages API's page "Errors", as the CLI
 * passes it on. Seen on 2.1.197 and 2.1.330; where the two differ, a row takes both.
 */
import type { ErrorCode } from '../../core/index.ts'
import type { CliResult } from './message.ts'

/** What is known of an error: the result line, and the CLI's class of the failure. */
export interface Refused extends Pick<CliResult, 'status' | 'terminalReason' | 'text'> {
  readonly problem: string | undefined
}

export interface Refusal {
  /** The error as the API documents it. */
  readonly name: string
  readonly fits: (refused: Refused) => boolean
  readonly code: ErrorCode
  readonly message: string
  /** The part of the request that is at fault. */
  readonly param?: string
}

const NOT_LOGGED_IN =
  'The Claude Code CLI of this server is not logged in. Its operator must run `claude setup-token` or log in again.'
const QUOTA = 'The usage limit of the plan behind this server is reached.'
const RATE = 'The model API limits the rate of requests.'
const OVERLOADED = 'The model API is overloaded.'
const FAILED = 'The model API failed.'
const TOO_LONG = 'The conversation is longer than the model takes. Send less of it.'
const REFUSED = 'The model API refused the request.'

const PLAN_LIMIT =
  /usage limit|(?:hit|reached) your .{0,40}limit|out of (?:extra )?usage|usage allocation|credit balance is too low/i
const LOGIN = /not logged in|please run \/login|invalid api key|oauth token|log ?in again|authentication/i
const DISABLED = /disabled organization/i
const LENGTH = /prompt is too long|context.{0,10}(?:window|length|limit)|input is too long/i

const withStatus =
  (...statuses: readonly number[]) =>
  ({ status }: Refused): boolean =>
    status !== undefined && statuses.includes(status)

/** An image or file that the API does not take: one class for the CLI, told apart by its words. */
const isMedia =
  (words: RegExp) =>
  ({ terminalReason, text }: Refused): boolean =>
    terminalReason === 'image_error' && words.test(text)

const isRequest = ({ status }: Refused): boolean => status !== undefined && status >= 400 && status < 500
const isServer = ({ status }: Refused): boolean => status !== undefined && status >= 500
const withoutStatus = ({ status }: Refused): boolean => status === undefined

/** The first row that fits counts. */
export const REFUSALS: readonly Refusal[] = [
  {
    name: 'invalid_request_error: the prompt is too long',
    fits: ({ terminalReason }) => terminalReason === 'prompt_too_long' || terminalReason === 'blocking_limit',
    code: 'context_length_exceeded',
    message: TOO_LONG,
  },
  {
    name: 'request_too_large',
    fits: withStatus(413),
    code: 'invalid_request',
    message:
      '`messages`: the request is larger than the model API takes (32 MB). Send fewer or smaller images and files.',
    param: 'messages',
  },
  {
    name: 'invalid_request_error: an image among many',
    fits: isMedia(/many-image/i),
    code: 'invalid_request',
    message:
      '`messages`: an image is larger than the model API takes among many images. Send images of at most 2000 pixels a side, or fewer.',
    param: 'messages',
  },
  {
    name: 'invalid_request_error: a PDF with a password',
    fits: isMedia(/pdf.{0,20}password/i),
    code: 'invalid_request',
    message: '`messages`: a PDF is protected by a password. Send it without one.',
    param: 'messages',
  },
  {
    name: 'invalid_request_error: a PDF that is too long',
    fits: isMedia(/pdf too large/i),
    code: 'invalid_request',
    message: '`messages`: a PDF is larger than the model API takes. Send fewer pages, or the text alone.',
    param: 'messages',
  },
  {
    name: 'invalid_request_error: a PDF',
    fits: isMedia(/pdf/i),
    code: 'invalid_request',
    message: '`messages`: the model API could not read a PDF. Send a valid one, or the text alone.',
    param: 'messages',
  },
  {
    name: 'invalid_request_error: a large image',
    fits: isMedia(/too large/i),
    code: 'invalid_request',
    message: '`messages`: an image is larger than the model API takes. Send one of less than 5 MB.',
    param: 'messages',
  },
  {
    name: 'invalid_request_error: an image',
    fits: isMedia(/./),
    code: 'invalid_request',
    message:
      '`messages`: the model API could not read an image. Send a valid PNG, JPEG, GIF or WebP of at most 8000 pixels a side.',
    param: 'messages',
  },
  {
    name: 'invalid_request_error: the schema of a tool',
    fits: ({ status, text }) => status === 400 && /tools\.\d+\.\S*input_schema/.test(text),
    code: 'invalid_request',
    message: '`tools`: the model API refused the parameters of a tool. Send a JSON Schema of draft 2020-12.',
    param: 'tools',
  },
  {
    name: 'invalid_request_error: the content filter',
    fits: ({ status, text }) => status === 400 && /content filtering/i.test(text),
    code: 'no_answer',
    message: 'The content filter of the model API blocked the response. Say it in another way.',
  },
  { name: 'authentication_error', fits: withStatus(401), code: 'cli_not_logged_in', message: NOT_LOGGED_IN },
  {
    name: 'billing_error',
    fits: ({ status, problem, text }) =>
      status === 402 || problem === 'billing_error' || (status === 400 && PLAN_LIMIT.test(text)),
    code: 'insufficient_quota',
    message: QUOTA,
  },
  {
    name: 'permission_error, invalid_request_error: the login',
    fits: ({ status, text }) => (status === 403 && LOGIN.test(text)) || (status === 400 && DISABLED.test(text)),
    code: 'cli_not_logged_in',
    message: NOT_LOGGED_IN,
  },
  {
    name: 'permission_error',
    fits: withStatus(403),
    code: 'upstream_refused',
    message: 'The login of this server may not use what the request needs.',
  },
  {
    name: 'not_found_error',
    fits: withStatus(404),
    code: 'upstream_refused',
    message: 'The model is not on offer to the login of this server.',
  },
  {
    name: 'conflict or timeout of the connection',
    fits: withStatus(408, 409),
    code: 'upstream_failed',
    message: FAILED,
  },
  {
    name: 'rate_limit_error: the plan',
    fits: ({ status, text }) => status === 429 && PLAN_LIMIT.test(text),
    code: 'insufficient_quota',
    message: QUOTA,
  },
  { name: 'rate_limit_error', fits: withStatus(429), code: 'rate_limit_exceeded', message: RATE },
  {
    name: 'invalid_request_error: the prompt is too long, in other words',
    fits: (refused) => isRequest(refused) && LENGTH.test(refused.text),
    code: 'context_length_exceeded',
    message: TOO_LONG,
  },
  { name: 'invalid_request_error', fits: isRequest, code: 'upstream_refused', message: REFUSED },
  { name: 'overloaded_error', fits: withStatus(529), code: 'overloaded', message: OVERLOADED },
  { name: 'api_error, timeout_error', fits: isServer, code: 'upstream_failed', message: FAILED },
  // Without a status (an error event within a stream of 2.1.197, a limit that the CLI knows of) the words are all there is.
  {
    name: 'a plan’s limit, without a status',
    fits: (refused) => withoutStatus(refused) && PLAN_LIMIT.test(refused.text),
    code: 'insufficient_quota',
    message: QUOTA,
  },
  {
    name: 'the login, without a status',
    fits: ({ problem, text }) => problem === 'authentication_failed' || LOGIN.test(text),
    code: 'cli_not_logged_in',
    message: NOT_LOGGED_IN,
  },
  {
    name: 'the length, without a status',
    fits: ({ text }) => LENGTH.test(text),
    code: 'context_length_exceeded',
    message: TOO_LONG,
  },
  {
    name: 'overloaded_error, without a status',
    fits: ({ problem, text }) => problem === 'overloaded' || /\boverloaded\b/i.test(text),
    code: 'overloaded',
    message: OVERLOADED,
  },
  {
    name: 'rate_limit_error, without a status',
    fits: ({ problem, text }) => problem === 'rate_limit' || /\brate limit/i.test(text),
    code: 'rate_limit_exceeded',
    message: RATE,
  },
  {
    name: 'not_found_error, without a status',
    fits: ({ problem }) => problem === 'model_not_found',
    code: 'upstream_refused',
    message: REFUSED,
  },
  {
    name: 'any other failure that the CLI reports in the model’s place',
    fits: ({ problem }) => problem !== undefined,
    code: 'upstream_failed',
    message: FAILED,
  },
]

/** What the error is to a caller; `undefined` where nothing says that the model API had a part in it. */
export const refusalOf = (refused: Refused): Refusal | undefined => REFUSALS.find(({ fits }) => fits(refused))

/** Whether a text of the CLI says that its login is not accepted. */
export const isLoginRefused = (text: string): boolean => LOGIN.test(text)
