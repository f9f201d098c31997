import { expect, test } from 'vitest'
import { parsePageQuery } from './page-query.ts'

test('[CV10] a part of a list has 50 unless another number is asked for', () => {
  expect(parsePageQuery({})).toStrictEqual({ limit: 50 })
  expect(parsePageQuery({ limit: '1', other: 'x' })).toStrictEqual({ limit: 1 })
  expect(parsePageQuery({ limit: '200', after: 'c' })).toStrictEqual({ limit: 200, after: 'c' })
  expect(parsePageQuery({ after: '🙂' })).toStrictEqual({ limit: 50, after: '🙂' })
})

test.each(['0', '201', '-1', '1.5', '1e2', '', ' 5', 'x', '0x10', '９', '9'.repeat(5000)])(
  '[CV10] %j is no number of them',
  (limit) => {
    expect(() => parsePageQuery({ limit })).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        param: 'limit',
        message: expect.stringMatching(/^.{1,200}$/s),
      }),
    )
  },
)
