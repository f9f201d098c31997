import { expect } from 'vitest'
import {
  newId,
  type Attempt,
  type EventBatch,
  type Job,
  type JobEvent,
  type JobOrder,
  type JobOutcome,
  type JobStore,
  type Submitted,
} from '../../../src/core/index.ts'

export interface JobStoreUnderTest {
  readonly store: JobStore
  /** Another one on what the first has kept. */
  readonly reopen: () => Promise<JobStore>
  /** Makes every attempt that is under way one that was not heard of for too long. */
  readonly loseHeartbeats: () => Promise<void>
}

export type OpenJobStore = () => Promise<JobStoreUnderTest>

export const MAX_FAILURES = 3
const DEADLINE_MS = 20_000

export const order = (fields: Partial<JobOrder> = {}): JobOrder => ({
  tenant: 't',
  agent: 'recruiter-triage',
  prompt: 'Проучи',
  model: 'opus',
  budgetUsd: 0.5,
  timeoutMs: 60_000,
  metadata: '{}',
  priority: 0,
  ...fields,
})

let batches = 0
/** Events that are appended together. */
export const batch = (events: EventBatch['events']): EventBatch => ({ id: `batch ${++batches}`, events })

export const completed: JobOutcome = { status: 'completed', output: 'Готово' }

/** Submits a job that must be taken. */
export async function submit(store: JobStore, fields: Partial<JobOrder> = {}): Promise<Job> {
  const submitted = await store.submit(newId('job_'), order(fields), { maxQueued: 1000 })
  if (typeof submitted === 'string') throw new Error(`the job was not taken: ${submitted}`)
  return submitted.job
}

export const isSubmitted = (answer: Submitted | 'full' | 'mismatch'): answer is Submitted => typeof answer !== 'string'

export const begin = (store: JobStore): Promise<Attempt | undefined> => store.begin({ maxFailures: MAX_FAILURES })

/** Waits until `found` answers with something. */
async function until<T>(found: () => Promise<T | undefined>): Promise<T> {
  const lateMs = Date.now() + DEADLINE_MS
  for (;;) {
    const value = await found()
    if (value !== undefined) return value
    if (Date.now() > lateMs) throw new Error(`waited ${DEADLINE_MS} ms in vain for ${found.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The next job in turn, as soon as the store has one. */
export const begun = (store: JobStore): Promise<Attempt> => until(() => begin(store))

export const due = (store: JobStore) => until(() => store.nextCallback())

/** All events of a job; they are numbered without a gap. */
export async function eventsOf(store: JobStore, id: string): Promise<readonly JobEvent[]> {
  const events = await store.events(id, { after: 0, limit: 10_000 })
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1))
  const times = events.map(({ atMs }) => atMs)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  return events
}

export const typesOf = async (store: JobStore, id: string): Promise<readonly string[]> =>
  (await eventsOf(store, id)).map(({ type }) => type)

/** A job at the end of its first attempt. */
export async function finished(store: JobStore, fields: Partial<JobOrder> = {}, outcome = completed): Promise<Job> {
  const { id } = await submit(store, fields)
  const attempt = await begun(store)
  expect(attempt.job.id).toBe(id)
  expect(await store.finish(attempt, outcome)).toBe(true)
  return attempt.job
}
