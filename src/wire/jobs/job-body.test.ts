import { expect, test } from 'vitest'
import type { Job } from '../../core/index.ts'
import { encodeJob, encodeJobCallback } from './job-body.ts'
import { encodeJobList } from './job-list.ts'

const waiting: Job = {
  id: 'job_1',
  tenant: 'secret tenant',
  agent: 'a',
  prompt: 'secret prompt',
  model: 'opus',
  budgetUsd: 2,
  timeoutMs: 1000,
  metadata: '{}',
  priority: -3,
  idempotencyKey: 'secret key',
  callbackUrl: 'https://secret',
  pushTo: 'secret-branch',
  attempt: 0,
  failures: 0,
  createdAtMs: 0,
  status: 'queued',
  hasPatch: false,
}

const done: Job = {
  ...waiting,
  metadata: '{"ж":{"a":[null]}}',
  createdAtMs: 1_700_000_000_001,
  startedAtMs: 1_700_000_001_002,
  finishedAtMs: 1_700_000_002_003,
  status: 'completed',
  attempt: 2,
  failures: 1,
  output: '',
  error: '',
  errorCode: 'workspace_failed',
  exitCode: 0,
  costUsd: 0,
  usage: { inputTokens: 1, cacheReadTokens: 2, cacheWriteTokens: 3, outputTokens: 4, reasoningTokens: 0 },
  commits: [{ id: 'abc', subject: 'Ж', author: 'A', atMs: 1_700_000_000_000 }],
  pushed: { branch: 'b', commit: 'abc' },
  hasPatch: true,
}

test('[JB2] a job that waits tells null for what is not known', () => {
  expect(JSON.parse(encodeJob(waiting))).toStrictEqual({
    job_id: 'job_1',
    status: 'queued',
    agent: 'a',
    model: 'opus',
    priority: -3,
    attempt: 0,
    created_at: '1970-01-01T00:00:00.000Z',
    started_at: null,
    finished_at: null,
    output: null,
    error: null,
    error_code: null,
    exit_code: null,
    cost_usd: null,
    usage: null,
    commits: null,
    pushed: null,
    has_patch: false,
    metadata: {},
  })
})

test('[CC26] the cost of a job is rounded to six decimals, also in its callback', () => {
  const costly = { ...done, costUsd: 0.1 + 0.2 + 0.000_000_4 }
  expect(JSON.parse(encodeJob(costly))).toMatchObject({ cost_usd: 0.3 })
  expect(JSON.parse(encodeJobCallback(costly))).toMatchObject({ data: { cost_usd: 0.3 } })
})

test('[JB2] a job that is done tells all, and zeros and empty texts are not null', () => {
  expect(JSON.parse(encodeJob(done))).toStrictEqual({
    job_id: 'job_1',
    status: 'completed',
    agent: 'a',
    model: 'opus',
    priority: -3,
    attempt: 2,
    created_at: '2023-11-14T22:13:20.001Z',
    started_at: '2023-11-14T22:13:21.002Z',
    finished_at: '2023-11-14T22:13:22.003Z',
    output: '',
    error: '',
    error_code: 'workspace_failed',
    exit_code: 0,
    cost_usd: 0,
    usage: {
      input_tokens: 1,
      cache_read_tokens: 2,
      cache_write_tokens: 3,
      output_tokens: 4,
      reasoning_tokens: 0,
    },
    commits: [{ id: 'abc', subject: 'Ж', author: 'A', at: '2023-11-14T22:13:20.000Z' }],
    pushed: { branch: 'b', commit: 'abc' },
    has_patch: true,
    metadata: { ж: { a: [null] } },
  })
})

test('[AU3] a job does not tell whose it is, what it was asked or where it is told', () => {
  expect(`${encodeJob(done)}${encodeJobCallback(done)}`).not.toContain('secret')
})

test('[JB7] in a list a job tells all but its output', () => {
  const { output: _, ...rest } = JSON.parse(encodeJob(done)) as Record<string, unknown>
  expect(JSON.parse(encodeJobList({ items: [done], next: 'n' }))).toStrictEqual({ jobs: [rest], next: 'n' })
})

test('[JB2] metadata are sent byte for byte, wherever a job is', () => {
  const metadata = '{ "id":2512292042121000001,"p":1.10,\n"k":{"2":"b","1":"a"},"e":1e400,"z":-0,"a":1,"a":"\\u0416"}'
  const job = { ...done, metadata }
  for (const body of [encodeJob(job), encodeJobList({ items: [job, job] }), encodeJobCallback(job)]) {
    expect(body).toContain(`"metadata":${metadata}`)
    expect(() => JSON.parse(body)).not.toThrow()
  }
})

test('[JB13] a callback tells what happened, when, and the job as it can be looked up', () => {
  expect(JSON.parse(encodeJobCallback(done))).toStrictEqual({
    type: 'job.completed',
    timestamp: '2023-11-14T22:13:22.003Z',
    data: JSON.parse(encodeJob(done)),
  })
})
