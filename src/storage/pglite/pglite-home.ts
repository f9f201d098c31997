/** PGlite in a worker of this process, on a directory of its own. Two of them on one directory would lose data: hold its lock. */
import { existsSync } from 'node:fs'
import { open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { z } from 'zod'
import { makeDirectory } from '../../lib/index.ts'
import type { Home } from '../home.ts'
import { SessionStream } from './session-stream.ts'
import type { ToWorker } from './worker.ts'

/** Everything waits for the one session, the making of the tables too. */
const WAIT_MS = 60_000

const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

const fromWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('data'), connection: z.number(), bytes: z.instanceof(Uint8Array) }),
])

/**
 * What a process that was killed has left in the way. A directory that was not made to its end holds nothing that was
 * acknowledged, and cannot be opened; PostgreSQL's own lock may be an empty file, at which it gives up, and ours is held.
 */
async function clearTheWay(directory: string, complete: string): Promise<void> {
  await makeDirectory(directory)
  const postgres = join(directory, 'postgres')
  if (!existsSync(complete)) await rm(postgres, { recursive: true, force: true })
  await rm(join(postgres, 'postmaster.pid'), { force: true })
}

async function markComplete(directory: string, complete: string): Promise<void> {
  if (existsSync(complete)) return
  await writeFile(complete, '', { flush: true })
  await using handle = await open(directory, 'r')
  await handle.sync()
}

/** Opens the database in `directory`, from nothing if need be: about 3 s then, half a second later. @throws what its worker throws. */
export async function openPgliteHome(directory: string): Promise<Home> {
  const complete = join(directory, 'complete')
  await clearTheWay(directory, complete)
  const worker = new Worker(WORKER, { workerData: { directory: join(directory, 'postgres') } })
  const tell = (message: ToWorker): void => worker.postMessage(message, [])
  const ready = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<Error>()
  let stream: SessionStream | undefined
  let connection = 0
  const end = (error: Error): void => {
    ready.reject(error)
    gone.resolve(error)
    stream?.destroy(error)
  }
  worker.on('message', (message: unknown) => {
    const said = fromWorker.parse(message)
    if (said.type === 'ready') ready.resolve()
    if (said.type === 'data' && said.connection === connection) stream?.deliver(said.bytes)
  })
  worker.once('error', (thrown) => end(thrown instanceof Error ? thrown : new Error(String(thrown))))
  worker.once('exit', (code) => end(new Error(`the database's worker ended (${code})`)))
  try {
    await ready.promise
    await markComplete(directory, complete)
  } catch (error) {
    await worker.terminate()
    throw error
  }
  const pool = new pg.Pool({
    // One session: one connection, which the pool hands around.
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: WAIT_MS,
    user: 'postgres',
    database: 'postgres',
    stream: () => {
      const own = ++connection
      stream = new SessionStream({
        connect: () => tell({ type: 'connect', connection: own }),
        send: (bytes) => tell({ type: 'data', connection: own, bytes: new Uint8Array(bytes) }),
      })
      return stream
    },
  })
  // Whoever waits for the connection is told; the end itself is told by `gone`.
  pool.on('error', () => undefined)
  return {
    kind: 'pglite',
    pool,
    gone: gone.promise,
    async close() {
      await pool.end()
      tell({ type: 'close' })
      await gone.promise
    },
  }
}
