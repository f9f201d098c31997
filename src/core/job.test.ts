import { expect, test } from 'vitest'
import { isTerminal, type Job, type JobStatus } from './job.ts'

test('[JB2] a job that waits or runs can still change; every other is done', () => {
  const statuses: readonly JobStatus[] = ['queued', 'running', 'completed', 'failed', 'timeout', 'error']
  const job: Omit<Job, 'status'> = {
    id: 'j',
    tenant: 't',
    agent: 'a',
    prompt: 'p',
    model: 'm',
    budgetUsd: 1,
    timeoutMs: 1,
    metadata: {},
    createdAtMs: 0,
  }
  expect(statuses.filter((status) => isTerminal({ ...job, status }))).toEqual([
    'completed',
    'failed',
    'timeout',
    'error',
  ])
})
