import { expect, test } from 'vitest'
import { errorKind, ERRORS, GatewayError, toGatewayError, type ErrorCode } from './error.ts'

const codes = Object.keys(ERRORS) as ErrorCode[]

test('[ER10] 409, 422 and 499 are the status of no failure', () => {
  const statuses = new Set<number>(codes.map((code) => errorKind(code).status))
  expect([...statuses].toSorted((a, b) => a - b)).toEqual([400, 401, 404, 405, 408, 413, 415, 429, 431, 500, 503])
})

test('[ER10] a fault of the caller is not worth a retry, unless the request only came too slowly', () => {
  for (const code of codes) {
    const { status, type, retryable } = errorKind(code)
    if (type === 'invalid_request_error') expect([code, retryable]).toEqual([code, code === 'request_timeout'])
    expect([code, status < 500 && status !== 429]).toEqual([code, type === 'invalid_request_error'])
    expect([code, status === 429]).toEqual([code, type === 'rate_limit_error'])
  }
})

test('[ER4] a CLI that is not logged in is the gateway’s own fault and no retry helps', () => {
  expect(errorKind('cli_not_logged_in')).toMatchObject({ status: 503, type: 'server_error', retryable: false })
})

test('[ER2] every failure tells what it means in whole sentences', () => {
  for (const code of codes) expect(errorKind(code).tells).toMatch(/^[A-Z`N].*\.$/)
})

test('[ER2] an error keeps what callers read apart from what is for the log', () => {
  const cause = new Error('inner')
  const error = new GatewayError('timeout', 'Too late.', {
    cause,
    param: 'messages',
    retryAfterSeconds: 3,
    details: { stderr: 'x' },
  })
  expect(error.message).toBe('Too late.')
  expect([error.name, error.code, error.param, error.retryAfterSeconds, error.details]).toEqual([
    'GatewayError',
    'timeout',
    'messages',
    3,
    { stderr: 'x' },
  ])
  expect(error.cause).toBe(cause)
})

test('[ER2] an error without options has none, and no cause at all', () => {
  const error = new GatewayError('timeout', 'Too late.')
  expect([error.param, error.retryAfterSeconds, error.details, 'cause' in error]).toEqual([
    undefined,
    undefined,
    {},
    false,
  ])
})

test('[ER7] an error with more details is the same failure', () => {
  const cause = new Error('inner')
  const error = new GatewayError('overloaded', 'Busy.', {
    cause,
    param: 'model',
    retryAfterSeconds: 0,
    details: { a: 1, b: 1 },
  })
  const more = error.withDetails({ b: 2, c: 3 })
  expect(more).toBeInstanceOf(GatewayError)
  expect(more).not.toBe(error)
  expect([more.code, more.message, more.param, more.retryAfterSeconds, more.cause]).toEqual([
    'overloaded',
    'Busy.',
    'model',
    0,
    cause,
  ])
  expect(more.details).toEqual({ a: 1, b: 2, c: 3 })
  expect(error.details).toEqual({ a: 1, b: 1 })
})

test('[ER7] details alone add neither a param nor a time to wait', () => {
  const more = new GatewayError('timeout', 'Too late.').withDetails({ a: 1 })
  expect([more.param, more.retryAfterSeconds, more.cause, more.details]).toEqual([
    undefined,
    undefined,
    undefined,
    { a: 1 },
  ])
})

test.each([[new Error('secret /path')], ['secret text'], [undefined], [null], [{ code: 'timeout' }]])(
  '[ER2] what is thrown and no failure of ours is a defect whose words stay inside: %s',
  (thrown) => {
    const error = toGatewayError(thrown)
    expect([error.code, error.message]).toEqual(['internal_error', 'The gateway failed on this request.'])
    expect(error.cause).toBe(thrown)
  },
)

test('[ER7] a failure of ours stays the very same', () => {
  const error = new GatewayError('timeout', 'Too late.')
  expect(toGatewayError(error)).toBe(error)
})
