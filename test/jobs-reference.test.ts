import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { JOB_STATUSES, type Job, type JobEvent } from '../src/core/index.ts'
import { encodeJob, encodeJobEvent } from '../src/wire/index.ts'

const page = readFileSync(new URL('../docs/reference/jobs.md', import.meta.url), 'utf8')

/** The rows of the table whose first heading is this, as their cells. */
function table(heading: string): readonly (readonly string[])[] {
  const [, rows = ''] = new RegExp(`^\\| ${heading} \\|.*\\n\\| --- .*\\n((?:\\|.*\\n)+)`, 'm').exec(page) ?? []
  return rows
    .trimEnd()
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')))
}

const job: Job = {
  id: 'job_1',
  tenant: 't',
  agent: 'a',
  prompt: 'p',
  model: 'm',
  budgetUsd: 1,
  timeoutMs: 1,
  metadata: '{}',
  priority: 0,
  attempt: 1,
  failures: 0,
  createdAtMs: 0,
  status: 'completed',
  usage: { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 },
  commits: [{ id: 'c', subject: 's', author: 'a', atMs: 0 }],
  pushed: { branch: 'b', commit: 'c' },
  hasPatch: true,
}

/** The names of all fields, those within others too. */
const namesIn = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(namesIn)
  if (typeof value !== 'object' || value === null) return null
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, namesIn(inner)]))
}

test('[JB2] the job on the reference page has the fields of a job', () => {
  const [, example = ''] = /```json\n(.*?)\n```/s.exec(page) ?? []
  expect(namesIn(JSON.parse(example))).toStrictEqual(namesIn(JSON.parse(encodeJob(job))))
})

test('[JB2] the reference page has every status', () => {
  expect(table('status').map(([, status]) => status)).toEqual([...JOB_STATUSES])
})

test('[JB11] the reference page has every event and its fields', () => {
  const events: readonly JobEvent[] = (
    [
      { type: 'queued' },
      { type: 'started', attempt: 1 },
      { type: 'text', text: '' },
      { type: 'tool', name: '', input: '' },
      { type: 'retrying', error: '', inMs: 0 },
      { type: 'ended', status: 'completed' },
    ] as const
  ).map((body) => ({ ...body, sequence: 1, atMs: 0 }))
  const told = events.map((event) => {
    const data = JSON.parse(/^data: (.*)$/m.exec(encodeJobEvent(event))?.[1] ?? '') as object
    return [
      event.type,
      Object.keys(data)
        .filter((name) => !['sequence', 'at'].includes(name))
        .join(', '),
    ]
  })
  expect(table('event').map(([, event, fields]) => [event, fields])).toEqual(told)
})
