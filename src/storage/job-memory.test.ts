import { expect, test } from 'vitest'
import type { Job, JobStatus } from '../core/index.ts'
import { createJobMemory } from './job-memory.ts'

const job = (id: string, status: JobStatus, finishedAtMs?: number): Job => ({
  id,
  tenant: 't',
  agent: 'a',
  prompt: 'p',
  model: 'm',
  budgetUsd: 1,
  timeoutMs: 1,
  metadata: {},
  createdAtMs: 0,
  status,
  ...(finishedAtMs === undefined ? {} : { finishedAtMs }),
})

test('[JB2] a job that was put is there under its id, as it was put last', async () => {
  const store = createJobMemory()
  expect(await store.get('j')).toBeUndefined()
  await store.put(job('j', 'queued'))
  await store.put(job('k', 'queued'))
  await store.put(job('j', 'running'))
  expect(await store.get('j')).toEqual(job('j', 'running'))
  expect(await store.get('k')).toEqual(job('k', 'queued'))
  expect(await store.get('__proto__')).toBeUndefined()
})

test('[JB5] jobs that finished by a time are removed, and no other', async () => {
  const store = createJobMemory()
  const old = (['completed', 'failed', 'timeout', 'error'] as const).map((status) => job(status, status, 100))
  const kept = [job('later', 'completed', 101), job('queued', 'queued'), job('running', 'running')]
  for (const each of [...old, ...kept]) await store.put(each)
  expect(await store.deleteFinished({ finishedBeforeMs: 99 })).toBe(0)
  expect(await store.deleteFinished({ finishedBeforeMs: 100 })).toBe(4)
  for (const { id } of old) expect(await store.get(id)).toBeUndefined()
  for (const each of kept) expect(await store.get(each.id)).toEqual(each)
  expect(await store.deleteFinished({ finishedBeforeMs: 100 })).toBe(0)
})

test('[JB5] two memories know nothing of each other', async () => {
  const [one, two] = [createJobMemory(), createJobMemory()]
  await one.put(job('j', 'queued'))
  expect(await two.get('j')).toBeUndefined()
})
