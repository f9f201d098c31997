import { expect, test } from 'vitest'
import { NO_USAGE } from '../../core/index.ts'
import { failureOfExit, failureOfResult, failureOfRetry } from './failure.ts'
import type { CliResult } from './message.ts'

const NOW_MS = 1_700_000_000_000

const failing = (fields: Partial<CliResult>, problem?: string) =>
  failureOfResult(
    {
      type: 'result',
      subtype: 'success',
      isError: true,
      text: '',
      status: undefined,
      terminalReason: undefined,
      stopReason: undefined,
      usage: NO_USAGE,
      costUsd: undefined,
      structuredOutput: undefined,
      errors: [],
      ...fields,
    },
    { problem, nowMs: NOW_MS },
  )

test.each<[string, Partial<CliResult>, string | undefined, string]>([
  ['[DO6] over the budget', { subtype: 'error_max_budget_usd' }, undefined, 'budget_exceeded'],
  ['[CC11] no value for the schema', { subtype: 'error_max_structured_output_retries' }, undefined, 'schema_unmet'],
  ['[ER4] 401', { status: 401 }, undefined, 'cli_not_logged_in'],
  ['[ER3] a dropped connection', { text: 'SECRET (ECONNRESET)' }, 'server_error', 'upstream_failed'],
  ['[ER3] nothing to go by', {}, undefined, 'cli_failed'],
])('%s', (_, fields, problem, code) => {
  const failure = failing({ text: 'SECRET words', ...fields }, problem)
  expect(failure.code).toBe(code)
  expect(failure.message).not.toMatch(/SECRET|ECONN|API Error|\d{3}/)
})

test('[ER16] what the model API does not take is named, and the words of the CLI are for the log', () => {
  expect(failing({ status: 413, text: 'SECRET', terminalReason: 'image_error' })).toMatchObject({
    code: 'invalid_request',
    param: 'messages',
    details: { status: 413, words: 'SECRET' },
  })
})

test('[ER5] [ER18] the reset of a plan is told in seconds from now, a rate limit that the CLI does not wait for as a long one', () => {
  expect(failing({ text: 'usage limit reached|1700000600' }).retryAfterSeconds).toBe(600)
  expect(failing({ text: 'You’ve hit your session limit · resets 11:13pm (UTC)' }).retryAfterSeconds).toBe(3580)
  expect(failing({ text: 'You’ve hit your session limit' }).retryAfterSeconds).toBeUndefined()
  expect(failing({ status: 429 }).retryAfterSeconds).toBe(60)
})

test('[ER4] [ER5] a retry that cannot help is a failure, another is waited for', () => {
  const retry = (status: number, delayMs: number) =>
    failureOfRetry({ type: 'retry', status, reason: undefined, delayMs })
  expect(retry(401, 500)?.code).toBe('cli_not_logged_in')
  expect(retry(429, 7181)).toMatchObject({ code: 'rate_limit_exceeded', retryAfterSeconds: 8 })
  expect([retry(429, 500), retry(529, 5000), retry(500, 500)]).toEqual([undefined, undefined, undefined])
})

test('[ER3] [ER4] a run without a result is told by what it wrote last', () => {
  expect(failureOfExit({}, 'Error: Invalid API key · Please run /login').code).toBe('cli_not_logged_in')
  expect(failureOfExit({}, 'Segmentation fault').code).toBe('cli_failed')
})
