import { expect, test } from 'vitest'
import { deliveryOf } from './delivery.ts'

test.each([200, 201, 202, 204, 299])('[CB4] status %i is a delivery', (status) => {
  expect(deliveryOf(status)).toEqual({ ok: true, status })
})

test.each([300, 301, 302, 303, 304, 307, 308, 410])('[CB4] after status %i nothing is sent again', (status) => {
  expect(deliveryOf(status)).toMatchObject({ ok: false, retryable: false })
})

test.each([101, 400, 401, 403, 404, 408, 409, 422, 425, 429, 451, 500, 501, 502, 503, 504, 599, 999])(
  '[CB4] status %i is a failure that may pass',
  (status) => {
    expect(deliveryOf(status)).toEqual({
      ok: false,
      retryable: true,
      reason: `the server answered with status ${status}`,
    })
  },
)

test('[CB4] why nothing is sent again is told', () => {
  expect(deliveryOf(302)).toMatchObject({
    reason: 'the server answered with status 302, and redirects are not followed',
  })
  expect(deliveryOf(410)).toMatchObject({ reason: 'the server answered with status 410: it wants no more callbacks' })
})
