/** The words are those that 2.1.197 and 2.1.330 write for an error of the API; where they differ, both are here. */
import { expect, test } from 'vitest'
import { refusalOf, REFUSALS, type Refused } from './refusals.ts'

type Row = readonly [name: string, refused: Partial<Refused>, code: string, param?: string]

const media = (status: number | undefined, text: string): Partial<Refused> => ({
  status,
  terminalReason: 'image_error',
  problem: 'invalid_request',
  text,
})
const IMAGE =
  'API Error: an image in the conversation could not be processed and was removed. Re-read the file with a different approach if you still need it.'
const LONG = { status: 400, terminalReason: 'prompt_too_long', text: 'Prompt is too long' }
const unknown = (status: number, text: string): Partial<Refused> => ({ status, problem: 'unknown', text })

const ROWS: readonly Row[] = [
  ['invalid_request_error: the prompt is too long', LONG, 'context_length_exceeded'],
  ['invalid_request_error: the prompt is too long', { terminalReason: 'blocking_limit' }, 'context_length_exceeded'],
  [
    'request_too_large',
    media(413, 'Request too large (max 32MB). Try with a smaller file.'),
    'invalid_request',
    'messages',
  ],
  [
    'request_too_large',
    media(
      413,
      'Request too large (max 32MB). Accumulated images and attachments in the conversation pushed the request over the limit. Remove older images or compact the conversation.',
    ),
    'invalid_request',
    'messages',
  ],
  ['request_too_large', { status: 413 }, 'invalid_request', 'messages'],
  [
    'invalid_request_error: an image among many',
    media(
      400,
      'An image in the conversation exceeds the dimension limit for many-image requests (2000px). Start a new session with fewer images.',
    ),
    'invalid_request',
    'messages',
  ],
  [
    'invalid_request_error: a PDF with a password',
    media(400, 'PDF is password protected. Try using a CLI tool to extract or convert the PDF.'),
    'invalid_request',
    'messages',
  ],
  [
    'invalid_request_error: a PDF that is too long',
    media(
      400,
      'PDF too large (max 100 pages, 20MB). Try reading the file a different way (e.g., extract text with pdftotext).',
    ),
    'invalid_request',
    'messages',
  ],
  [
    'invalid_request_error: a PDF',
    media(400, 'The PDF file was not valid. Try converting it to text first (e.g., pdftotext).'),
    'invalid_request',
    'messages',
  ],
  [
    'invalid_request_error: a large image',
    media(400, 'Image was too large. Try resizing the image or using a different approach.'),
    'invalid_request',
    'messages',
  ],
  ['invalid_request_error: an image', media(400, IMAGE), 'invalid_request', 'messages'],
  ['invalid_request_error: an image', media(undefined, IMAGE), 'invalid_request', 'messages'],
  [
    'invalid_request_error: the schema of a tool',
    unknown(400, 'API Error: 400 tools.0.custom.input_schema: JSON schema is invalid.'),
    'invalid_request',
    'tools',
  ],
  [
    'invalid_request_error: the content filter',
    unknown(400, 'API Error: 400 Output blocked by content filtering policy'),
    'no_answer',
  ],
  ['authentication_error', { status: 401, text: 'Invalid API key · Fix external API key' }, 'cli_not_logged_in'],
  ['billing_error', { status: 400, problem: 'billing_error', text: 'Credit balance is too low' }, 'insufficient_quota'],
  ['billing_error', unknown(402, 'API Error: 402 billing'), 'insufficient_quota'],
  [
    'permission_error, invalid_request_error: the login',
    {
      status: 403,
      text: 'Failed to authenticate: OAuth token revoked. Please log in again or contact your administrator.',
    },
    'cli_not_logged_in',
  ],
  [
    'permission_error, invalid_request_error: the login',
    {
      status: 403,
      text: 'Your account does not have access to Claude. Please login again or contact your administrator.',
    },
    'cli_not_logged_in',
  ],
  [
    'permission_error, invalid_request_error: the login',
    {
      status: 400,
      problem: 'invalid_request',
      text: 'Your ANTHROPIC_API_KEY belongs to a disabled organization · Update or unset the environment variable',
    },
    'cli_not_logged_in',
  ],
  [
    'permission_error',
    {
      status: 403,
      problem: 'authentication_failed',
      text: 'Failed to authenticate. API Error: 403 Your account does not have permission',
    },
    'upstream_refused',
  ],
  [
    'not_found_error',
    { status: 404, problem: 'model_not_found', text: 'There’s an issue with the selected model (claude-sonnet-5-5).' },
    'upstream_refused',
  ],
  ['conflict or timeout of the connection', unknown(409, 'API Error: 409 conflict'), 'upstream_failed'],
  ['conflict or timeout of the connection', { status: 408 }, 'upstream_failed'],
  [
    'rate_limit_error: the plan',
    { status: 429, text: 'You’ve hit your session limit · resets 3pm (UTC)' },
    'insufficient_quota',
  ],
  ['rate_limit_error: the plan', { status: 429, text: 'You’ve reached your Opus limit' }, 'insufficient_quota'],
  ['rate_limit_error: the plan', { status: 429, text: 'You’re out of usage credits' }, 'insufficient_quota'],
  [
    'rate_limit_error',
    {
      status: 429,
      problem: 'rate_limit',
      text: 'API Error: Request rejected (429) · This request would exceed your rate limit of 50 requests per minute',
    },
    'rate_limit_exceeded',
  ],
  [
    'invalid_request_error: the prompt is too long, in other words',
    { status: 400, text: 'API Error: 400 input length and `max_tokens` exceed context limit: 199000' },
    'context_length_exceeded',
  ],
  ['invalid_request_error', unknown(400, 'API Error: 400 bad thing'), 'upstream_refused'],
  ['invalid_request_error', unknown(422, 'API Error: 422 unprocessable'), 'upstream_refused'],
  ['overloaded_error', { status: 529, text: 'usage limit' }, 'overloaded'],
  ...[500, 502, 503, 504].map((status): Row => [
    'api_error, timeout_error',
    {
      status,
      problem: 'server_error',
      text: `API Error: ${status} authentication backend: context window, usage limit`,
    },
    'upstream_failed',
  ]),
  ['a plan’s limit, without a status', { text: 'Claude AI usage limit reached|1700000600' }, 'insufficient_quota'],
  [
    'the login, without a status',
    { problem: 'authentication_failed', text: 'Not logged in · Please run /login' },
    'cli_not_logged_in',
  ],
  ['the length, without a status', { text: 'API Error: input is too long' }, 'context_length_exceeded'],
  ['overloaded_error, without a status', { problem: 'unknown', text: 'API Error: Overloaded' }, 'overloaded'],
  ['rate_limit_error, without a status', { problem: 'rate_limit' }, 'rate_limit_exceeded'],
  ['not_found_error, without a status', { problem: 'model_not_found' }, 'upstream_refused'],
  [
    'any other failure that the CLI reports in the model’s place',
    { problem: 'server_error', text: 'API Error: Connection dropped (ECONNRESET).' },
    'upstream_failed',
  ],
]

test.each(ROWS.map((row) => ({ row, name: row[0], code: row[2] })))('[ER15] $name is $code', ({ row }) => {
  const [name, refused, code, param] = row
  const found = refusalOf({ status: undefined, terminalReason: undefined, text: '', problem: undefined, ...refused })
  expect(found).toMatchObject({ name, code })
  expect(found?.param).toBe(param)
})

test('[ER15] [ER16] every row of the table is met, and its message is ours', () => {
  expect(new Set(ROWS.map(([name]) => name))).toEqual(new Set(REFUSALS.map(({ name }) => name)))
  for (const { message } of REFUSALS) expect(message).not.toMatch(/API Error|tools\.\d|max 32MB|pdftotext|resizing/)
})

test('[ER3] a failure with nothing to go by is none of the model API', () => {
  expect(refusalOf({ status: undefined, terminalReason: undefined, text: 'words', problem: undefined })).toBeUndefined()
})
