/** The stores, opened when they are first needed and then kept: one home, its tables, the queue on it. */
import { existsSync } from 'node:fs'
import { open as openFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import {
  GatewayError,
  type JobStatus,
  type JobStore,
  type Observer,
  type OpenStores,
  type Stores,
} from '../core/index.ts'
import { openDatabase, type Database } from './database.ts'
import { exclusively, type Home } from './home.ts'
import { openJobQueue, type JobQueue } from './job-queue.ts'
import { takeOverOldConversations } from './old-conversations.ts'
import { openPgliteHome } from './pglite/pglite-home.ts'
import { openServerHome } from './server-home.ts'
import { createSqlConversations } from './sql-conversations.ts'
import { createSqlJobs } from './sql-jobs.ts'

export interface StoresOptions {
  /** Where the store is, or what it was before; its lock is held by the caller. */
  readonly dataDirectory: string
  /** A PostgreSQL server; absent, the store is in the data directory. */
  readonly databaseUrl: string | undefined
  readonly heartbeatSeconds: number
  readonly observer: Observer
}

export interface LazyStores {
  readonly open: OpenStores
  readonly isOpen: boolean
  /** Whether jobs or outcomes may be waiting that somebody has to take up. */
  readonly mayHaveWork: boolean
  close(): Promise<void>
}

const UNFINISHED: readonly JobStatus[] = ['queued', 'running']

interface Opened {
  readonly home: Home
  readonly db: Database
  readonly queue: JobQueue
  readonly stores: Stores
}

/** The same, on whatever is open at the moment: a home that broke is opened anew by the next call. */
const through = <T extends object>(current: () => Promise<T>): T =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every method of a store answers with a promise
  new Proxy({} as T, {
    get: (_target, name) => {
      // It is no promise itself.
      if (name === 'then') return undefined
      return async (...args: readonly unknown[]): Promise<unknown> => {
        const target = await current()
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') throw new Error(`a store has no ${String(name)}`)
        try {
          return await Reflect.apply(method, target, args)
        } catch (cause) {
          throw new GatewayError('store_unavailable', 'The store does not answer as it should just now.', { cause })
        }
      }
    },
  })

/** An empty file that is there after a power cut, too. */
async function writeDown(path: string): Promise<void> {
  await writeFile(path, '', { flush: true })
  await using directory = await openFile(dirname(path), 'r')
  await directory.sync()
}

/** Those who took these jobs are gone: nobody else has this home. */
async function redeliverTaken(db: Database, queue: JobQueue): Promise<void> {
  const rows = await db.selectFrom('jobs').select('delivery').where('status', 'in', UNFINISHED).execute()
  await queue.redeliver(rows.flatMap(({ delivery }) => delivery ?? []))
}

/** Claims that nobody holds any more; of a home of our own that is all of them. */
async function dropDeadClaims(db: Database, { kind }: Home): Promise<void> {
  const claims = db.deleteFrom('claims')
  await (
    kind === 'pglite' ? claims : claims.where('expires_at', '<', sql<Date>`clock_timestamp() - interval '1 day'`)
  ).execute()
}

const hasWork = async (db: Database, queue: JobQueue): Promise<boolean> =>
  (await db.selectFrom('jobs').select('id').where('status', 'in', UNFINISHED).limit(1).execute()).length > 0 ||
  (await queue.hasCallbacks())

export function createStores({ dataDirectory, databaseUrl, heartbeatSeconds, observer }: StoresOptions): LazyStores {
  /** There while there may be unfinished work in the home in the data directory, so that a start opens it. */
  const workMark = join(dataDirectory, 'unfinished')
  let opening: Promise<Opened> | undefined
  let opened: Opened | undefined
  let wasOpen = false
  let closed = false

  const onError = (error: Error): void => observer.observe({ type: 'store-failed', error })

  /** Marks that there is work before any is stored. */
  const marking = (jobs: JobStore): JobStore => ({
    ...jobs,
    async submit(...order) {
      if (databaseUrl === undefined && !existsSync(workMark)) await writeDown(workMark)
      return await jobs.submit(...order)
    },
  })

  /** What was left is put in order once: later, what is under way may be this process's own. */
  async function putInOrder(home: Home, { db, queue, stores: { conversations } }: Omit<Opened, 'home'>): Promise<void> {
    if (wasOpen) return
    await dropDeadClaims(db, home)
    if (home.kind === 'pglite') await redeliverTaken(db, queue)
    await takeOverOldConversations(join(dataDirectory, 'conversations'), { store: conversations, observer })
    wasOpen = true
  }

  async function furnish(home: Home): Promise<Opened> {
    const { db, queue } = await exclusively(home, async () => {
      const updated = await openDatabase(home)
      return { db: updated, queue: await openJobQueue(home, { heartbeatSeconds, onError }) }
    })
    const stores = { conversations: createSqlConversations(db), jobs: marking(createSqlJobs(db, queue)) }
    try {
      await putInOrder(home, { db, queue, stores })
    } catch (error) {
      await queue.close()
      throw error
    }
    return { home, db, queue, stores }
  }

  async function openOnce(): Promise<Opened> {
    const home =
      databaseUrl === undefined
        ? await openPgliteHome(join(dataDirectory, 'store'))
        : openServerHome(databaseUrl, { onError })
    try {
      return await furnish(home)
    } catch (error) {
      await home.close()
      throw error
    }
  }

  async function open(): Promise<Opened> {
    const startedAtMs = performance.now()
    const fresh = await openOnce()
    opened = fresh
    observer.observe({ type: 'store-opened', home: fresh.home.kind, ms: Math.round(performance.now() - startedAtMs) })
    void fresh.home.gone.then((error) => {
      if (opened !== fresh) return
      // It broke: whoever needs it next opens it anew.
      opened = undefined
      opening = undefined
      onError(error)
      fresh.queue.close().catch(onError)
    })
    return fresh
  }

  async function current(): Promise<Stores> {
    if (closed) throw new GatewayError('shutting_down', 'The server is stopping. Try again shortly.')
    opening ??= open()
    const own = opening
    try {
      return (await own).stores
    } catch (cause) {
      if (opening === own) opening = undefined
      throw new GatewayError('store_unavailable', 'The store cannot be opened just now.', { cause })
    }
  }
  const stores: Stores = {
    conversations: through(async () => (await current()).conversations),
    jobs: through(async () => (await current()).jobs),
  }

  return {
    async open() {
      await current()
      return stores
    },
    get isOpen() {
      return opened !== undefined
    },
    get mayHaveWork() {
      return databaseUrl !== undefined || existsSync(workMark)
    },
    async close() {
      closed = true
      const own = await opening?.catch(() => undefined)
      opened = undefined
      if (own === undefined) return
      const { home, db, queue } = own
      try {
        if (home.kind === 'pglite' && !(await hasWork(db, queue))) await rm(workMark, { force: true })
      } catch (error) {
        // The mark stays, and the next start looks.
        observer.observe({ type: 'cleanup-failed', what: 'store', error })
      }
      await queue.close()
      await home.close()
    },
  }
}
