/**
 * Jobs in the database. A job's row is the truth; the queue only says when to look at it. Every change takes the row first,
 * so whatever happens at once happens to it one after the other, and what an attempt writes names its number.
 */
import { sql } from 'kysely'
import { z } from 'zod'
import {
  isQueueFull,
  isTerminal,
  lostJobError,
  type Attempt,
  type Job,
  type JobEvent,
  type JobEventBody,
  type JobStore,
} from '../core/index.ts'
import type { Database } from './database.ts'
import type { Delivered, JobQueue } from './job-queue.ts'
import { SUMMARY_COLUMNS, toEndedRow, toJob, toRow, toSummary, type JobEnd } from './job-rows.ts'
import { fromCursor, toPage } from './page.ts'
import { toColumn } from './text.ts'

/** One number for all who submit, so that they count the queue one after the other. */
const SUBMIT_LOCK = 7_203_914

/** Of PostgreSQL's `integer`. */
const MAX_INTEGER = 2_147_483_647

/** A statement takes 65 535 values. */
const ROWS_AT_ONCE = 1000
/** Deleted in one step, so that nobody waits long for it. */
const DELETED_AT_ONCE = 200
/** An outcome that could not be told in all that time goes with its job. */
const TELLING_DAYS = 7

const position = z.int()

const now = sql<Date>`date_trunc('milliseconds', clock_timestamp())`

export function createSqlJobs(db: Database, queue: JobQueue): JobStore {
  const transaction = <T>(work: (trx: Database) => Promise<T>): Promise<T> => db.transaction().execute(work)

  const find = async (id: string): Promise<Job | undefined> => {
    const row = await db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toJob(row)
  }

  const record = async (trx: Database, id: string, bodies: readonly JobEventBody[]): Promise<void> => {
    const { event_count: count } = await trx
      .updateTable('jobs')
      .set((eb) => ({ event_count: eb('event_count', '+', bodies.length) }))
      .where('id', '=', id)
      .returning('event_count')
      .executeTakeFirstOrThrow()
    const rows = bodies.map((body, index) => ({
      job: id,
      sequence: count - bodies.length + index + 1,
      body: JSON.stringify(body),
    }))
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE)
      await trx
        .insertInto('job_events')
        .values(rows.slice(from, from + ROWS_AT_ONCE))
        .execute()
  }

  /** The job, which nobody else changes until the end of the transaction. */
  const lock = async (trx: Database, id: string): Promise<Job | undefined> => {
    const row = await trx.selectFrom('jobs').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
    return row && toJob(row)
  }

  /** Whether what the attempt writes counts, and the batch of events that it wrote last. The order itself may be large. */
  const counts = async (
    trx: Database,
    { job: { id, attempt } }: Attempt,
  ): Promise<{ readonly lastBatch: string | null } | undefined> => {
    const row = await trx
      .selectFrom('jobs')
      .select(['status', 'attempt', 'last_batch'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()
    return row?.status === 'running' && row.attempt === attempt ? { lastBatch: row.last_batch } : undefined
  }

  const end = async (trx: Database, job: Job, outcome: JobEnd): Promise<void> => {
    await trx
      .updateTable('jobs')
      .set({ ...toEndedRow(outcome), finished_at: now })
      .where('id', '=', job.id)
      .execute()
    if ('patch' in outcome && outcome.patch !== undefined)
      await trx.insertInto('job_patches').values({ job: job.id, patch: outcome.patch }).execute()
    await record(trx, job.id, [{ type: 'ended', status: outcome.status }])
    if (job.callbackUrl === undefined) return
    await trx.updateTable('jobs').set({ is_callback_due: true }).where('id', '=', job.id).execute()
    await queue.pushCallback(trx, job.id)
  }

  const push = async (trx: Database, job: Pick<Job, 'id' | 'tenant' | 'priority'>, delayMs: number): Promise<void> => {
    const { id, tenant, priority } = job
    const delivery = await queue.push(trx, id, { tenant: toColumn(tenant), priority, delayMs })
    await trx.updateTable('jobs').set({ delivery }).where('id', '=', job.id).execute()
  }

  /** The tenants with jobs that are not over: the fewest jobs under way first, then the tenant that was served least recently. */
  const tenantsInTurn = async (): Promise<readonly string[]> => {
    const { rows } = await sql<{ readonly tenant: string }>`
      select tenant from vivavoce.jobs as one where status in ('queued', 'running') group by tenant
      order by
        count(*) filter (where status = 'running'),
        (select max(started_at) from vivavoce.jobs where tenant = one.tenant) nulls first,
        min(number)`.execute(db)
    return rows.map(({ tenant }) => tenant)
  }

  /** Begins the job that was delivered; `undefined` where there is nothing to begin. */
  const beginDelivered = (
    { delivery, jobId }: Delivered,
    { maxFailures }: { readonly maxFailures: number },
  ): Promise<Attempt | undefined> =>
    transaction(async (trx) => {
      const locked = await trx.selectFrom('jobs').selectAll().where('id', '=', jobId).forUpdate().executeTakeFirst()
      const job = locked && toJob(locked)
      // Another delivery has taken this one's place.
      if (job === undefined || isTerminal(job) || locked?.delivery !== delivery.id) {
        await queue.settle(trx, delivery)
        return undefined
      }
      // One that runs and is delivered again was left by those who ran it.
      const failures = job.failures + (job.status === 'running' ? 1 : 0)
      if (failures >= maxFailures) {
        await trx.updateTable('jobs').set({ failures }).where('id', '=', jobId).execute()
        await end(trx, job, {
          status: 'error',
          error: lostJobError(job.attempt),
          errorCode: 'internal_error',
        })
        await queue.settle(trx, delivery)
        return undefined
      }
      const row = await trx
        .updateTable('jobs')
        .set({
          status: 'running',
          attempt: job.attempt + 1,
          failures,
          delivery: delivery.id,
          started_at: now,
        })
        .where('id', '=', jobId)
        .returningAll()
        .executeTakeFirstOrThrow()
      await record(trx, jobId, [{ type: 'started', attempt: row.attempt }])
      return { job: toJob(row), delivery }
    })

  return {
    submit: (id, order, { maxQueued }) =>
      transaction(async (trx) => {
        await sql`select pg_advisory_xact_lock(${SUBMIT_LOCK})`.execute(trx)
        const row = toRow(id, order)
        if (order.idempotencyKey !== undefined) {
          const there = await trx
            .selectFrom('jobs')
            .selectAll()
            .where('tenant', '=', row.tenant)
            .where('idempotency_key', '=', order.idempotencyKey)
            .executeTakeFirst()
          if (there !== undefined)
            return there.order_digest === row.order_digest ? { job: toJob(there), created: false } : 'mismatch'
        }
        const counts = await trx
          .selectFrom('jobs')
          .select(({ fn }) => ['tenant', fn.countAll<string>().as('queued')])
          .where('status', '=', 'queued')
          .groupBy('tenant')
          .execute()
        const queued = new Map(counts.map((one) => [one.tenant, Number(one.queued)]))
        if (isQueueFull(queued, row.tenant, maxQueued)) return 'full'
        const stored = await trx.insertInto('jobs').values(row).returningAll().executeTakeFirstOrThrow()
        const job = toJob(stored)
        await record(trx, id, [{ type: 'queued' }])
        await push(trx, job, 0)
        return { job, created: true }
      }),

    get: find,

    async list(tenant, { status, agent }, { limit, after }) {
      const from = position.safeParse(fromCursor(after))
      let query = db.selectFrom('jobs').select(SUMMARY_COLUMNS).where('tenant', '=', toColumn(tenant))
      if (status !== undefined) query = query.where('status', '=', status)
      if (agent !== undefined) query = query.where('agent', '=', toColumn(agent))
      if (from.success) query = query.where('number', '<', String(from.data))
      const rows = await query
        .orderBy('number', 'desc')
        .limit(limit + 1)
        .execute()
      const { items, next } = toPage(rows, limit, ({ number }) => Number(number))
      return { items: items.map(toSummary), ...(next === undefined ? {} : { next }) }
    },

    async patch(id) {
      const row = await db.selectFrom('job_patches').select('patch').where('job', '=', id).executeTakeFirst()
      return row && new Uint8Array(row.patch)
    },

    async events(id, { after, limit }) {
      const rows = await db
        .selectFrom('job_events')
        .selectAll()
        .where('job', '=', id)
        .where('sequence', '>', Math.min(after, MAX_INTEGER))
        .orderBy('sequence')
        .limit(limit)
        .execute()
      return rows.map(({ sequence, at, body }): JobEvent => ({ ...body, sequence, atMs: at.getTime() }))
    },

    async progress(ids) {
      if (ids.length === 0) return new Map()
      const rows = await db.selectFrom('jobs').select(['id', 'event_count', 'status']).where('id', 'in', ids).execute()
      return new Map(rows.map((row) => [row.id, { events: row.event_count, isOver: isTerminal(row) }]))
    },

    async begin({ except: passedOver = [], ...options }) {
      const tenants = await tenantsInTurn()
      for (const tenant of tenants) {
        if (passedOver.map(toColumn).includes(tenant)) continue
        const except = tenants.filter((other) => other !== tenant)
        for (;;) {
          const delivered = await queue.next({ except })
          if (delivered === undefined) break
          const attempt = await beginDelivered(delivered, options)
          if (attempt !== undefined) return attempt
        }
      }
      return undefined
    },

    async beat(attempts) {
      if (attempts.length === 0) return []
      await queue.beat(attempts.map(({ delivery }) => delivery))
      const rows = await db
        .selectFrom('jobs')
        .select(['id', 'attempt'])
        .where('status', '=', 'running')
        .where(
          'id',
          'in',
          attempts.map(({ job }) => job.id),
        )
        .execute()
      const current = new Map(rows.map(({ id, attempt }) => [id, attempt]))
      return attempts.filter(({ job }) => current.get(job.id) !== job.attempt)
    },

    append: (attempt, { id, events }) =>
      transaction(async (trx) => {
        const current = await counts(trx, attempt)
        if (current === undefined) return false
        if (current.lastBatch === id || events.length === 0) return true
        await trx.updateTable('jobs').set({ last_batch: id }).where('id', '=', attempt.job.id).execute()
        await record(trx, attempt.job.id, events)
        return true
      }),

    finish: (attempt, outcome) =>
      transaction(async (trx) => {
        if (!(await counts(trx, attempt))) return false
        await end(trx, attempt.job, outcome)
        await queue.settle(trx, attempt.delivery)
        return true
      }),

    handBack: (attempt, { delayMs, failed }) =>
      transaction(async (trx) => {
        if (!(await counts(trx, attempt))) return false
        const { job, delivery } = attempt
        const failures = job.failures + (failed === undefined ? 0 : 1)
        await trx.updateTable('jobs').set({ status: 'queued', failures }).where('id', '=', job.id).execute()
        await record(trx, job.id, [
          failed === undefined ? { type: 'queued' } : { type: 'retrying', error: failed.error, inMs: delayMs },
        ])
        // Also where the queue has given it up meanwhile, and would deliver it again.
        await queue.withdraw(trx, delivery.id)
        await push(trx, job, delayMs)
        return true
      }),

    async cancel(id) {
      return await transaction(async (trx) => {
        const job = await lock(trx, id)
        if (job === undefined || isTerminal(job)) return job
        await end(trx, job, { status: 'cancelled' })
        const row = await trx.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
        if (row.delivery !== null) await queue.withdraw(trx, row.delivery)
        return toJob(row)
      })
    },

    async deleteFinished({ finishedBeforeMs }) {
      const finishedBefore = new Date(finishedBeforeMs)
      for (let deleted = 0; ;) {
        const { numDeletedRows } = await db
          .deleteFrom('jobs')
          .where(
            'id',
            'in',
            db
              .selectFrom('jobs')
              .select('id')
              .where('finished_at', '<=', finishedBefore)
              .where((eb) =>
                eb.or([
                  eb('is_callback_due', '=', false),
                  eb('finished_at', '<=', sql<Date>`clock_timestamp() - ${TELLING_DAYS} * interval '1 day'`),
                ]),
              )
              .limit(DELETED_AT_ONCE),
          )
          .executeTakeFirst()
        deleted += Number(numDeletedRows)
        if (Number(numDeletedRows) < DELETED_AT_ONCE) return deleted
      }
    },

    async nextCallback() {
      for (;;) {
        const delivered = await queue.nextCallback()
        if (delivered === undefined) return undefined
        const job = await find(delivered.jobId)
        if (job !== undefined) return { job, delivery: delivered.delivery }
        await queue.settleCallback(delivered.delivery, 'done')
      }
    },

    async settleCallback(delivery, result) {
      const jobId = await queue.settleCallback(delivery, result)
      if (jobId !== undefined && result === 'done')
        await db.updateTable('jobs').set({ is_callback_due: false }).where('id', '=', jobId).execute()
    },
  }
}
