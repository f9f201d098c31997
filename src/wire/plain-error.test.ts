import { expect, test } from 'vitest'
import { GatewayError, type ErrorCode } from '../core/index.ts'
import { encodePlainError } from './plain-error.ts'

const TITLES = {
  invalid_request: 'invalid request',
  context_length_exceeded: 'invalid request',
  invalid_api_key: 'unauthorized',
  model_not_found: 'not found',
  not_found: 'not found',
  method_not_allowed: 'method not allowed',
  request_too_large: 'request too large',
  headers_too_large: 'headers too large',
  request_timeout: 'request timeout',
  unsupported_encoding: 'unsupported encoding',
  picture_unavailable: 'execution failed',
  rate_limit_exceeded: 'rate limited',
  insufficient_quota: 'rate limited',
  too_many_followers: 'rate limited',
  too_many_wrong_keys: 'rate limited',
  job_queue_full: 'queue full',
  queue_full: 'queue full',
  starting: 'starting',
  overloaded: 'execution failed',
  upstream_failed: 'execution failed',
  upstream_refused: 'execution failed',
  timeout: 'execution failed',
  cli_not_logged_in: 'execution failed',
  cli_unavailable: 'execution failed',
  cli_failed: 'execution failed',
  workspace_failed: 'execution failed',
  store_unavailable: 'execution failed',
  workspace_unusable: 'execution failed',
  sandbox_unavailable: 'execution failed',
  budget_exceeded: 'execution failed',
  no_answer: 'execution failed',
  schema_unmet: 'execution failed',
  superseded: 'execution failed',
  shutting_down: 'shutting down',
  internal_error: 'internal error',
} as const satisfies Record<ErrorCode, string>

test.each(Object.entries(TITLES))('[CV7] %s is told as “%s”, with its message', (code, title) => {
  expect(encodePlainError(new GatewayError(code as ErrorCode, 'Не стана.'))).toMatchObject({
    error: title,
    detail: 'Не стана.',
  })
})

test('[ER2] nothing for the log is in a plain failure', () => {
  const error = new GatewayError('cli_failed', 'It failed.', {
    cause: new Error('secret cause'),
    details: { stderr: 'secret words' },
  })
  expect(JSON.stringify(encodePlainError(error))).not.toContain('secret')
})
