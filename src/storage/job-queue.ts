/** The two queues, on pg-boss: jobs to be run, and outcomes to be told. What is queued within a transaction counts with it. */
import { PgBoss, fromKysely } from 'pg-boss'
import type { Delivery } from '../core/index.ts'
import type { Database } from './database.ts'
import type { Home } from './home.ts'

export const QUEUE_SCHEMA = 'vivavoce_queue'
const JOBS = 'jobs'
const CALLBACKS = 'callbacks'

const SECONDS_A_YEAR = 31_536_000
/** Attempts are counted with the job, where it is known what they came to; the queue delivers again without end. */
const NO_LIMIT = 1_000_000
/** No job runs longer. */
const MAX_RUN_SECONDS = 86_400
const CALLBACK_SECONDS = 60
const CALLBACK_TRIES = 10
const CALLBACK_DELAY_SECONDS = 5
const CALLBACK_DELAY_MAX_SECONDS = 3600

export interface Delivered {
  readonly delivery: Delivery
  readonly jobId: string
}

/** Each takes part in the transaction that it is given. */
export interface JobQueue {
  /** Resolves to the delivery's id. */
  push(
    trx: Database,
    jobId: string,
    options: { readonly tenant: string; readonly priority: number; readonly delayMs: number },
  ): Promise<string>
  /**
   * Takes what is next in turn, of any tenant but these. It is delivered again when it is not settled and nobody says that
   * it is at work. What was queued by a version that did not note the tenant belongs to none.
   */
  next(options: { readonly except: readonly string[] }): Promise<Delivered | undefined>
  /** Says of these that they are at work. */
  beat(deliveries: readonly Delivery[]): Promise<void>
  settle(trx: Database, delivery: Delivery): Promise<void>
  /** Takes back what is queued or under way. */
  withdraw(trx: Database, id: string): Promise<void>
  /** Delivers again, at once, what of these is under way: those who were at it are gone. */
  redeliver(deliveryIds: readonly string[]): Promise<void>
  pushCallback(trx: Database, jobId: string): Promise<void>
  nextCallback(): Promise<Delivered | undefined>
  /** Resolves to the job that it was about. */
  settleCallback(delivery: Delivery, result: 'done' | 'again'): Promise<string | undefined>
  /** Whether there is an outcome that was not told yet. */
  hasCallbacks(): Promise<boolean>
  close(): Promise<void>
}

export interface JobQueueOptions {
  /** Who has said nothing for twice as long is gone. At least 5. */
  readonly heartbeatSeconds: number
  readonly onError: (error: Error) => void
}

async function createQueues(boss: PgBoss, heartbeatSeconds: number): Promise<void> {
  await boss.createQueue(JOBS, {
    retryLimit: NO_LIMIT,
    retryDelay: 0,
    expireInSeconds: MAX_RUN_SECONDS,
    heartbeatSeconds: 2 * heartbeatSeconds,
    retentionSeconds: 10 * SECONDS_A_YEAR,
    deleteAfterSeconds: 60,
  })
  await boss.updateQueue(JOBS, { heartbeatSeconds: 2 * heartbeatSeconds })
  await boss.createQueue(CALLBACKS, {
    retryLimit: CALLBACK_TRIES,
    retryDelay: CALLBACK_DELAY_SECONDS,
    retryBackoff: true,
    retryDelayMax: CALLBACK_DELAY_MAX_SECONDS,
    expireInSeconds: CALLBACK_SECONDS,
    retentionSeconds: SECONDS_A_YEAR,
    deleteAfterSeconds: 60,
  })
}

export async function openJobQueue(
  { kind, pool }: Home,
  { heartbeatSeconds, onError }: JobQueueOptions,
): Promise<JobQueue> {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    backend: kind,
    schema: QUEUE_SCHEMA,
    schedule: false,
    maintenanceIntervalSeconds: 600,
    // Within three times the heartbeat: two until it is missed, half a one until that is seen, the rest for the taking up.
    superviseIntervalSeconds: Math.max(1, Math.floor(heartbeatSeconds / 2)),
    monitorIntervalSeconds: Math.max(1, Math.floor(heartbeatSeconds / 2)),
  })
  boss.on('error', onError)
  const stop = (): Promise<void> => boss.stop({ graceful: false, close: false })
  try {
    await boss.start()
    await createQueues(boss, heartbeatSeconds)
  } catch (error) {
    await stop()
    throw error
  }

  async function next(queue: string, except: readonly string[] = []): Promise<Delivered | undefined> {
    const [job] = await boss.fetch<{ readonly jobId: string }>(queue, {
      includeMetadata: true,
      ignoreGroups: [...except],
    })
    return job && { delivery: { id: job.id, retryCount: job.retryCount }, jobId: job.data.jobId }
  }

  return {
    async push(trx, jobId, { tenant, priority, delayMs }) {
      const id = await boss.send(
        JOBS,
        { jobId },
        {
          db: fromKysely(trx),
          group: { id: tenant },
          priority,
          ...(delayMs > 0 ? { startAfter: delayMs / 1000 } : {}),
        },
      )
      if (id === null) throw new Error('the queue did not take the job')
      return id
    },
    next: ({ except }) => next(JOBS, except),
    async beat(deliveries) {
      if (deliveries.length > 0) await boss.touch(JOBS, [...deliveries])
    },
    async settle(trx, delivery) {
      await boss.complete(JOBS, { ...delivery }, null, { db: fromKysely(trx) })
    },
    async withdraw(trx, id) {
      await boss.cancel(JOBS, id, { db: fromKysely(trx) })
    },
    async redeliver(ids) {
      for (const id of ids) {
        const [job] = await boss.findJobs(JOBS, { id })
        if (job?.state === 'active') await boss.fail(JOBS, { id, retryCount: job.retryCount })
      }
    },
    async pushCallback(trx, jobId) {
      await boss.send(CALLBACKS, { jobId }, { db: fromKysely(trx) })
    },
    nextCallback: () => next(CALLBACKS),
    async settleCallback(delivery, result) {
      if (result === 'done') await boss.complete(CALLBACKS, { ...delivery })
      else await boss.fail(CALLBACKS, { ...delivery })
      const [job] = await boss.findJobs<{ readonly jobId: string }>(CALLBACKS, { id: delivery.id })
      return job?.data.jobId
    },
    async hasCallbacks() {
      const { rows } = await pool.query(
        `select 1 from ${QUEUE_SCHEMA}.job where name = $1 and state < 'completed' limit 1`,
        [CALLBACKS],
      )
      return rows.length > 0
    },
    close: stop,
  }
}
