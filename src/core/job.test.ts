import { expect, test } from 'vitest'
import { isTerminal, JOB_STATUSES, lostJobError } from './job.ts'

test('[JB2] a job that waits or runs can still change; every other is done', () => {
  expect(JOB_STATUSES.filter((status) => isTerminal({ status }))).toEqual([
    'completed',
    'failed',
    'timeout',
    'error',
    'cancelled',
  ])
})

test('[JB8] the error of a lost job counts its starts in words that fit one and many', () => {
  expect(lostJobError(1)).toBe('The job was started once, and the server that ran it was lost.')
  expect(lostJobError(3)).toBe('The job was started 3 times, and no server finished it.')
})
