import { PgBoss } from 'pg-boss'
import { afterAll, describe } from 'vitest'
import { describeConversationStore } from '../../test/support/describe-conversation-store.ts'
import { describeJobStore } from '../../test/support/describe-job-store.ts'
import { hasPostgres, openStoreHome, type HomeKind, type StoreHome } from '../../test/support/open-store.ts'
import type { JobStore, Stores } from '../core/index.ts'
import { openDatabase } from './database.ts'
import type { Home } from './home.ts'
import { openJobQueue, type JobQueue } from './job-queue.ts'
import { openPgliteHome } from './pglite/pglite-home.ts'
import { openServerHome } from './server-home.ts'
import { createSqlConversations } from './sql-conversations.ts'
import { createSqlJobs } from './sql-jobs.ts'

interface Opened extends Stores {
  readonly home: Home
  readonly queue: JobQueue
}

const fail = (error: Error): never => {
  throw error
}

/** One home for a whole suite, emptied for each test. */
function oneHome(kind: HomeKind) {
  let place: StoreHome | undefined
  let opened: Opened | undefined
  let others: Pick<Opened, 'home' | 'queue'>[] = []

  async function openAgain(): Promise<Opened> {
    place ??= await openStoreHome(kind)
    const { databaseUrl, dataDirectory } = place
    const home =
      databaseUrl === undefined
        ? await openPgliteHome(`${dataDirectory}/store`)
        : openServerHome(databaseUrl, { onError: fail })
    return await openOn(home)
  }

  async function openOn(home: Home): Promise<Opened> {
    const db = await openDatabase(home)
    const queue = await openJobQueue(home, { heartbeatSeconds: 10, onError: fail })
    opened = { home, queue, conversations: createSqlConversations(db), jobs: createSqlJobs(db, queue) }
    return opened
  }

  async function closeOthers(): Promise<void> {
    for (const { home, queue } of others) {
      await queue.close()
      await home.close()
    }
    others = []
  }

  async function close(): Promise<void> {
    await opened?.queue.close()
    await opened?.home.close()
    opened = undefined
  }

  return {
    async empty(): Promise<Opened> {
      await closeOthers()
      const own = opened ?? (await openAgain())
      await own.home.pool.query('truncate vivavoce.conversations, vivavoce.claims, vivavoce.jobs cascade')
      await own.home.pool.query('delete from vivavoce_queue.job')
      return own
    },
    /** Another look at the same: of a server through connections of its own. */
    async beside(): Promise<JobStore> {
      if (opened === undefined || place === undefined) throw new Error('nothing is open')
      const { databaseUrl } = place
      if (databaseUrl === undefined) return createSqlJobs(await openDatabase(opened.home), opened.queue)
      const home = openServerHome(databaseUrl, { onError: fail })
      const queue = await openJobQueue(home, { heartbeatSeconds: 10, onError: fail })
      others.push({ home, queue })
      return createSqlJobs(await openDatabase(home), queue)
    },
    /** Opened again; PGlite itself stays, which is opened again in `stores.test.ts` and `killed.test.ts`. */
    async reopen(): Promise<Opened> {
      if (opened?.home.kind !== 'pglite') {
        await close()
        return await openAgain()
      }
      await opened.queue.close()
      return await openOn(opened.home)
    },
    /** As if those who run jobs had been silent for an hour, and the queue had looked. */
    async loseHeartbeats(): Promise<void> {
      if (opened === undefined) throw new Error('nothing is open')
      const { pool } = opened.home
      await pool.query(`update vivavoce_queue.job set heartbeat_on = now() - interval '1 hour' where state = 'active'`)
      await pool.query(`update vivavoce_queue.queue set monitor_claim_on = null, monitor_on = null`)
      const boss = new PgBoss({
        db: { executeSql: (text, values) => pool.query(text, values) },
        backend: kind,
        schema: 'vivavoce_queue',
        supervise: false,
        schedule: false,
      })
      await boss.start()
      await boss.supervise('jobs')
      await boss.stop({ graceful: false, close: false })
    },
    async remove(): Promise<void> {
      await closeOthers()
      await close()
      await place?.[Symbol.asyncDispose]()
    },
  }
}

describe.each<HomeKind>(['pglite', 'postgres'])('[SR1] %s', (kind) => {
  describe.skipIf(kind === 'postgres' && !hasPostgres())('keeps', () => {
    const home = oneHome(kind)
    afterAll(home.remove)

    describeConversationStore(kind, async () => ({
      store: (await home.empty()).conversations,
      reopen: async () => (await home.reopen()).conversations,
    }))

    describeJobStore(kind, async () => ({
      store: (await home.empty()).jobs,
      reopen: home.beside,
      loseHeartbeats: home.loseHeartbeats,
    }))
  })
})
