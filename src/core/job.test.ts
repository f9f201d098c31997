import { expect, test } from 'vitest'
import { isTerminal, JOB_STATUSES } from './job.ts'

test('[JB2] a job that waits or runs can still change; every other is done', () => {
  expect(JOB_STATUSES.filter((status) => isTerminal({ status }))).toEqual([
    'completed',
    'failed',
    'timeout',
    'error',
    'cancelled',
  ])
})
