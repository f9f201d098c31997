import { expect, test } from 'vitest'
import { GatewayError, JOB_STATUSES } from '../../core/index.ts'
import { encodeJobList, parseJobListQuery } from './job-list.ts'

test('[JB7] a list is filtered and begun where it is said, fifty at a time where it is not', () => {
  expect(parseJobListQuery({})).toStrictEqual({ filter: {}, page: { limit: 50 } })
  expect(parseJobListQuery({ status: 'running', agent: 'ж', limit: '200', after: '17', other: 'x' })).toStrictEqual({
    filter: { status: 'running', agent: 'ж' },
    page: { limit: 200, after: '17' },
  })
  for (const status of JOB_STATUSES) expect(parseJobListQuery({ status })).toMatchObject({ filter: { status } })
})

test.each([
  ['status', 'done'],
  ['status', ''],
  ['status', 'Running'],
  ['limit', '0'],
  ['limit', '201'],
  ['limit', '-1'],
  ['limit', '1.5'],
  ['limit', ''],
  ['limit', '1e2'],
  ['limit', 'ж'],
  ['limit', '9'.repeat(400)],
])('[JB7] %s=%s is refused by name', (param, value) => {
  try {
    parseJobListQuery({ [param]: value })
    expect.unreachable()
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    expect([error.code, error.param]).toEqual(['invalid_request', param])
  }
})

test('[JB7] the last page has no next', () => {
  expect(encodeJobList({ items: [] })).toBe('{"jobs":[],"next":null}')
  expect(encodeJobList({ items: [], next: '17' })).toBe('{"jobs":[],"next":"17"}')
})
