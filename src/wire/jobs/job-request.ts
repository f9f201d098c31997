/** `POST /execute`. */
import { z } from 'zod'
import { GatewayError, overLimit, refuseLongText, REQUEST_LIMITS } from '../../core/index.ts'
import { memberText } from '../../lib/index.ts'
import { anyObject } from '../bounded-list.ts'
import { parseFields } from '../problem.ts'

/** The queue delivers again what takes a day; some of that is for handing in. */
const MAX_TIMEOUT_SECONDS = 82_800
/** They stand in every list. */
const MAX_METADATA_BYTES = 65_536
const MAX_PRIORITY = 100

const PRIORITY = `a whole number from -${MAX_PRIORITY} to ${MAX_PRIORITY} is expected`

const body = z.object({
  prompt: z.string('a string is expected').refine((text) => text.trim() !== '', 'a prompt must not be empty'),
  agent: z.string('the name of an agent is expected').min(1, 'the name of an agent is expected').nullish(),
  max_budget_usd: z.number('a number is expected').positive('more than 0 is expected').nullish(),
  timeout_seconds: z
    .number('a number is expected')
    .positive('more than 0 is expected')
    .max(MAX_TIMEOUT_SECONDS, `at most ${MAX_TIMEOUT_SECONDS} is expected`)
    .nullish(),
  metadata: anyObject('an object is expected').nullish(),
  priority: z.int(PRIORITY).min(-MAX_PRIORITY, PRIORITY).max(MAX_PRIORITY, PRIORITY).nullish(),
  callback_url: z
    .string('an address is expected')
    .check(({ value, issues }) => {
      if (value.length > REQUEST_LIMITS.addressCharacters.most)
        issues.push({ code: 'custom', input: value, message: overLimit('addressCharacters', value.length) })
    })
    .nullish(),
  push: z.object({ branch: z.string('the name of a branch is expected') }).nullish(),
})

export interface JobRequest {
  readonly prompt: string
  /** Absent where the server chooses. */
  readonly agent: string | undefined
  readonly budgetUsd: number | undefined
  readonly timeoutMs: number | undefined
  /** As it was sent, byte for byte. */
  readonly metadata: string
  readonly priority: number
  readonly callbackUrl: string | undefined
  /** The branch that the work is to be pushed to. */
  readonly pushTo: string | undefined
}

function metadataIn(text: string): string {
  const metadata = memberText(text, 'metadata') ?? '{}'
  if (Buffer.byteLength(metadata) > MAX_METADATA_BYTES)
    throw new GatewayError('invalid_request', '`metadata`: at most 64 KiB are expected.', { param: 'metadata' })
  return metadata === 'null' ? '{}' : metadata
}

/**
 * `text` is the body that `json` was read from.
 * @throws GatewayError `invalid_request` that names the field at fault.
 */
export function parseJobRequest(json: unknown, text: string): JobRequest {
  const { prompt, agent, max_budget_usd, timeout_seconds, priority, callback_url, push } = parseFields(body, json)
  refuseLongText('prompt', prompt.length)
  return {
    prompt,
    agent: agent ?? undefined,
    budgetUsd: max_budget_usd ?? undefined,
    timeoutMs: timeout_seconds == null ? undefined : Math.max(1, Math.round(timeout_seconds * 1000)),
    metadata: metadataIn(text),
    // A minus zero is a zero: what is written and read again must be the same order.
    priority: (priority ?? 0) + 0,
    callbackUrl: callback_url ?? undefined,
    pushTo: push?.branch,
  }
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** The header `idempotency-key`. @throws GatewayError `invalid_request` where it is of another form. */
export function parseIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || IDEMPOTENCY_KEY.test(header)) return header
  throw new GatewayError('invalid_request', '`idempotency-key`: 1 to 255 visible ASCII characters are expected.', {
    param: 'idempotency-key',
  })
}
