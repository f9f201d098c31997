/** Jobs in memory, for tests: what a `JobStore` promises, with nothing under it. */
import {
  isQueueFull,
  isTerminal,
  systemClock,
  type Attempt,
  type Clock,
  type Delivery,
  type Job,
  type JobEvent,
  type JobEventBody,
  type JobOrder,
  type JobStatus,
  type JobStore,
  lostJobError,
} from '../../src/core/index.ts'

/** A callback that is handed out and never settled is handed out again after that long. */
const HANDED_OUT_MS = 60_000

interface Row {
  readonly number: number
  readonly digest: string
  readonly events: JobEvent[]
  job: Job
  patch?: Uint8Array
  notBeforeMs: number
  beatAtMs: number
  deliveries: number
  lastBatch?: string
  /** When its outcome may be told; absent where there is nothing to tell. */
  tellAtMs?: number
  tellings: number
}

export interface MemoryJobs extends JobStore {
  /** Makes every attempt one that was not heard of for too long. */
  loseHeartbeats(): void
}

export interface MemoryJobsOptions {
  readonly clock?: Clock
  readonly heartbeatMs?: number
  /** Until a callback that did not arrive is handed out again. */
  readonly tellAgainMs?: number
}

export function createMemoryJobs({
  clock = systemClock,
  heartbeatMs = 10_000,
  tellAgainMs = 20,
}: MemoryJobsOptions = {}): MemoryJobs {
  const rows = new Map<string, Row>()
  /** When tenants were served, in the order of numbers. */
  const lastServed = new Map<string, number>()
  let served = 0

  const all = (): readonly Row[] => [...rows.values()]

  function addEvents(row: Row, bodies: readonly JobEventBody[]): void {
    for (const body of bodies) row.events.push({ ...body, sequence: row.events.length + 1, atMs: clock.nowMs() })
  }

  function end(row: Row, status: JobStatus, fields: Partial<Job>): void {
    row.job = { ...row.job, ...fields, status, finishedAtMs: clock.nowMs() }
    addEvents(row, [{ type: 'ended', status }])
    if (row.job.callbackUrl !== undefined) row.tellAtMs = clock.nowMs()
  }

  /** The row of an attempt that counts. */
  function counting({ job: { id, attempt } }: Attempt): Row | undefined {
    const row = rows.get(id)
    return row !== undefined && row.job.status === 'running' && row.job.attempt === attempt ? row : undefined
  }

  function lost(row: Row, maxFailures: number): void {
    const failures = row.job.failures + 1
    if (failures >= maxFailures) {
      const error = lostJobError(row.job.attempt)
      end(row, 'error', { failures, error, errorCode: 'internal_error' })
    } else row.job = { ...row.job, failures, status: 'queued' }
  }

  return {
    async submit(id, order, { maxQueued }) {
      const digest = order.requestDigest ?? JSON.stringify(order)
      const { tenant, idempotencyKey: key } = order
      const before =
        key === undefined ? undefined : all().find(({ job }) => job.tenant === tenant && job.idempotencyKey === key)
      if (before !== undefined) return before.digest === digest ? { job: before.job, created: false } : 'mismatch'
      const queued = new Map<string, number>()
      for (const { job } of all())
        if (job.status === 'queued') queued.set(job.tenant, (queued.get(job.tenant) ?? 0) + 1)
      if (isQueueFull(queued, tenant, maxQueued)) return 'full'
      // What the caller does to its order afterwards is not the job's.
      const kept = structuredClone<JobOrder>(order)
      const job: Job = {
        ...kept,
        id,
        status: 'queued',
        attempt: 0,
        failures: 0,
        createdAtMs: clock.nowMs(),
        hasPatch: false,
      }
      const row: Row = {
        number: (all().at(-1)?.number ?? 0) + 1,
        digest,
        events: [],
        job,
        notBeforeMs: clock.nowMs(),
        beatAtMs: 0,
        deliveries: 0,
        tellings: 0,
      }
      rows.set(id, row)
      addEvents(row, [{ type: 'queued' }])
      return { job, created: true }
    },
    get: async (id) => rows.get(id)?.job,
    async list(tenant, { status, agent }, { limit, after }) {
      const from = /^\d+$/.test(after ?? '') ? Number(after) : Infinity
      const those = all()
        .filter(({ job }) => job.tenant === tenant)
        .filter(({ job }) => (status ?? job.status) === job.status && (agent ?? job.agent) === job.agent)
        .filter(({ number }) => number < from)
        .toSorted((a, b) => b.number - a.number)
      const page = those.slice(0, limit)
      const last = page.at(-1)
      const items = page.map(({ job }) => job)
      return those.length > limit && last !== undefined ? { items, next: String(last.number) } : { items }
    },
    patch: async (id) => rows.get(id)?.patch,
    events: async (id, { after, limit }) =>
      (rows.get(id)?.events ?? []).filter(({ sequence }) => sequence > after).slice(0, limit),
    progress: async (ids) =>
      new Map(
        ids.flatMap((id) => {
          const row = rows.get(id)
          return row === undefined ? [] : [[id, { events: row.events.length, isOver: isTerminal(row.job) }] as const]
        }),
      ),
    async begin({ maxFailures, except = [] }) {
      const nowMs = clock.nowMs()
      for (const row of all())
        if (row.job.status === 'running' && row.beatAtMs < nowMs - heartbeatMs) lost(row, maxFailures)
      const isDue = ({ job, notBeforeMs }: Row): boolean =>
        job.status === 'queued' && notBeforeMs <= nowMs && !except.includes(job.tenant)
      const running = (tenant: string): number =>
        all().filter(({ job }) => job.tenant === tenant && job.status === 'running').length
      const [next] = [...new Set(all().flatMap((one) => (isDue(one) ? [one.job.tenant] : [])))].toSorted(
        (a, b) => running(a) - running(b) || (lastServed.get(a) ?? 0) - (lastServed.get(b) ?? 0),
      )
      const [row] = all()
        .filter((one) => isDue(one) && one.job.tenant === next)
        .toSorted((a, b) => b.job.priority - a.job.priority || a.number - b.number)
      if (row === undefined) return undefined
      const attempt = row.job.attempt + 1
      row.job = { ...row.job, status: 'running', attempt, startedAtMs: nowMs }
      row.beatAtMs = nowMs
      lastServed.set(row.job.tenant, ++served)
      addEvents(row, [{ type: 'started', attempt }])
      return { job: row.job, delivery: { id: `${row.job.id}:${row.deliveries}`, retryCount: row.deliveries++ } }
    },
    async beat(attempts) {
      for (const attempt of attempts) {
        const row = counting(attempt)
        if (row !== undefined) row.beatAtMs = clock.nowMs()
      }
      return attempts.filter((attempt) => counting(attempt) === undefined)
    },
    async append(attempt, { id, events }) {
      const row = counting(attempt)
      if (row === undefined) return false
      if (row.lastBatch !== id && events.length > 0) {
        row.lastBatch = id
        addEvents(row, events)
      }
      return true
    },
    async finish(attempt, { patch, status, ...fields }) {
      const row = counting(attempt)
      if (row === undefined) return false
      if (patch !== undefined) row.patch = Uint8Array.from(patch)
      end(row, status, { ...fields, hasPatch: patch !== undefined })
      return true
    },
    async handBack(attempt, { delayMs, failed }) {
      const row = counting(attempt)
      if (row === undefined) return false
      row.job = { ...row.job, status: 'queued', failures: row.job.failures + (failed === undefined ? 0 : 1) }
      row.notBeforeMs = clock.nowMs() + delayMs
      addEvents(row, [
        failed === undefined ? { type: 'queued' } : { type: 'retrying', error: failed.error, inMs: delayMs },
      ])
      return true
    },
    async cancel(id) {
      const row = rows.get(id)
      if (row !== undefined && !isTerminal(row.job)) end(row, 'cancelled', {})
      return row?.job
    },
    async deleteFinished({ finishedBeforeMs }) {
      const old = all().filter(
        ({ job, tellAtMs }) => isTerminal(job) && (job.finishedAtMs ?? 0) <= finishedBeforeMs && tellAtMs === undefined,
      )
      for (const { job } of old) rows.delete(job.id)
      return old.length
    },
    async nextCallback() {
      const row = all().find(({ tellAtMs }) => tellAtMs !== undefined && tellAtMs <= clock.nowMs())
      if (row === undefined) return undefined
      row.tellAtMs = clock.nowMs() + HANDED_OUT_MS
      const delivery: Delivery = { id: row.job.id, retryCount: row.tellings++ }
      return { job: row.job, delivery }
    },
    async settleCallback({ id }, result) {
      const row = rows.get(id)
      if (row === undefined) return
      if (result === 'done') delete row.tellAtMs
      else row.tellAtMs = clock.nowMs() + tellAgainMs
    },
    loseHeartbeats() {
      for (const row of rows.values()) row.beatAtMs = -Infinity
    },
  }
}
