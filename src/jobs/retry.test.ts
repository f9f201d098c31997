import { expect, test } from 'vitest'
import { errorKind, ERRORS, GatewayError, type ErrorCode } from '../core/index.ts'
import { retryDelayMs } from './retry.ts'

const error = (code: ErrorCode, retryAfterSeconds?: number): GatewayError =>
  new GatewayError(code, 'Не стана.', retryAfterSeconds === undefined ? {} : { retryAfterSeconds })

test('[JB8] only what may pass is tried again, and a timeout is not', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const isRetried = retryDelayMs(error(code), { failures: 0, maxFailures: 3 }) !== undefined
    expect([code, isRetried]).toEqual([code, errorKind(code).retryable && code !== 'timeout'])
  }
})

test('[JB8] each pause is four times the one before, with what the failure asks for, and at most five minutes', () => {
  const delays = [0, 1, 2, 3, 4, 5].map((failures) => retryDelayMs(error('overloaded'), { failures, maxFailures: 10 }))
  expect(delays).toEqual([2000, 8000, 32_000, 128_000, 300_000, 300_000])
  expect(retryDelayMs(error('rate_limit_exceeded', 30), { failures: 1, maxFailures: 3 })).toBe(38_000)
  expect(retryDelayMs(error('rate_limit_exceeded', 3600), { failures: 0, maxFailures: 3 })).toBe(300_000)
})

test('[JB8] there are no more attempts than may fail', () => {
  const isRetried = (failures: number, maxFailures: number): boolean =>
    retryDelayMs(error('cli_failed'), { failures, maxFailures }) !== undefined
  expect([isRetried(0, 1), isRetried(0, 2), isRetried(1, 2), isRetried(1, 3), isRetried(9, 10)]).toEqual([
    false,
    true,
    false,
    true,
    false,
  ])
})
