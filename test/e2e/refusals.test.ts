/** Errors of the model API through the real CLI, of both versions: the same failure streamed and not, pooled and one-shot. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installed, OLDER_CLI } from '../support/older-cli.ts'
import { startStage, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

const THEIRS = /API Error|Try (?:re|with a)|removed|compact|pdftotext|SECRET|5316852|Plans & Billing/

type Case = readonly [direction: string, status: number, code: string, says: RegExp, param?: string]

const IMAGE = 'messages.0.content.1.image.source.base64'
const LARGE: Case = [
  `status=400 message="${IMAGE}: image exceeds 5 MB maximum: 5316852 bytes > 5242880 bytes"`,
  400,
  'invalid_request',
  /an image is larger/,
  'messages',
]
const TOO_LARGE: Case = [
  'status=413 message="Request exceeds"',
  400,
  'invalid_request',
  /request is larger/,
  'messages',
]
const CREDIT: Case = [
  'status=400 message="Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."',
  429,
  'insufficient_quota',
  /limit/,
]
const CASES: readonly Case[] = [
  LARGE,
  TOO_LARGE,
  CREDIT,
  ['status=400 message="Could not process image"', 400, 'invalid_request', /could not read an image/, 'messages'],
  [
    `status=400 message="${IMAGE}.data: At least one of the image dimensions exceed max allowed size for many-image requests: 2000 pixels"`,
    400,
    'invalid_request',
    /2000 pixels/,
    'messages',
  ],
  ['status=400 message="The PDF specified is password protected."', 400, 'invalid_request', /password/, 'messages'],
  ['status=400 message="A maximum of 100 PDF pages may be provided."', 400, 'invalid_request', /pages/, 'messages'],
  ['status=400 message="tools.0.custom.input_schema: JSON schema is invalid"', 400, 'invalid_request', /tool/, 'tools'],
  ['status=400 message="Output blocked by content filtering policy"', 503, 'no_answer', /filter/],
  ['status=400 message="SECRET"', 503, 'upstream_refused', /refused/],
  ['status=402 message="SECRET"', 429, 'insufficient_quota', /limit/],
  ['status=403 message="SECRET"', 503, 'upstream_refused', /may not use/],
  ['status=404 message="SECRET"', 503, 'upstream_refused', /not on offer/],
  ['status=409 message="SECRET"', 503, 'upstream_failed', /failed/],
  ['status=422 message="SECRET"', 503, 'upstream_refused', /refused/],
  ['status=500 message="SECRET"', 503, 'upstream_failed', /failed/],
  ['status=504 message="SECRET"', 503, 'upstream_failed', /failed/],
  ['status=529 message="SECRET"', 503, 'overloaded', /overloaded/],
  ['error=0', 503, 'overloaded', /overloaded/],
  ['error=0 as=500 message="SECRET"', 503, 'upstream_failed', /failed/],
  ['error=0 as=429 message="This request would exceed your rate limit"', 429, 'rate_limit_exceeded', /rate/],
]

interface Kind {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly cases: readonly Case[]
}

describe.each<{ name: string; env: Record<string, string>; cases: readonly Case[] }>(
  installed<Kind>([
    { name: 'pooled', env: {}, cases: CASES },
    { name: 'pooled, 2.1.197', env: { VIVAVOCE_CLAUDE_BIN: OLDER_CLI }, cases: CASES },
    { name: 'one-shot', env: { VIVAVOCE_POOL_MAX: '0' }, cases: [LARGE, TOO_LARGE, CREDIT] },
  ]),
)('$name', ({ env, cases }) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ env: { VIVAVOCE_POOL_SPARES: '1', ...env } })
  })
  afterAll(() => stage.close())

  test.each(cases.map((row) => ({ row, direction: row[0], code: row[2] })))(
    '[ER15] [ER16] [ER17] [ER7] [ER30] $direction is $code',
    async ({ row }) => {
      const [direction, status, code, says, param] = row
      const post = (stream: boolean): Promise<Response> =>
        stage.fetch('/v1/chat/completions', {
          body: {
            model: 'conversational/sonnet',
            stream,
            messages: [{ role: 'user', content: `hi [rehearse ${direction}]` }],
          },
        })
      const whole = await post(false)
      const body = (await whole.json()) as { error: { message: string } }
      expect([whole.status, body]).toEqual([status, { error: expect.objectContaining({ code, param: param ?? null }) }])
      expect(body.error.message).toMatch(says)
      expect(JSON.stringify(body)).not.toMatch(THEIRS)
      const streamed = await post(true)
      expect([streamed.status, await streamed.json()]).toEqual([status, body])
      const isLasting = ['overloaded', 'rate_limit_exceeded', 'upstream_failed'].includes(code)
      expect(streamed.headers.get('x-should-retry')).toBe(isLasting ? 'false' : whole.headers.get('x-should-retry'))
    },
  )

  test('[ER15] the process is good for the next turn', async () => {
    const next = await stage.fetch('/v1/chat/completions', {
      body: { stream: true, messages: [{ role: 'user', content: 'say exactly: good' }] },
    })
    expect((await readStream(next)).text).toBe('good')
  })
})
