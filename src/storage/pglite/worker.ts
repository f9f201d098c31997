/** The worker in which PGlite runs: PostgreSQL's wire protocol in, PostgreSQL's wire protocol out, one session. */
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { z } from 'zod'

const { directory } = z.object({ directory: z.string() }).parse(workerData)

const fromMain = z.discriminatedUnion('type', [
  /** A connection begins; what the one before has left in the session is undone. */
  z.object({ type: z.literal('connect'), connection: z.number() }),
  z.object({ type: z.literal('data'), connection: z.number(), bytes: z.instanceof(Uint8Array) }),
  z.object({ type: z.literal('close') }),
])

export type ToWorker = z.infer<typeof fromMain>

/**
 * What is acknowledged is on the disk: PGlite turns flushing off, and its file system knows no flush; but a log that is
 * opened for synchronous writing is written so (seen with strace, 0.5.16). The memory that PostgreSQL shares among its
 * processes serves one here.
 */
const START = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  ...['fsync=on', 'wal_sync_method=open_datasync', 'shared_buffers=16MB'].flatMap((setting) => ['-c', setting]),
]

if (parentPort === null) throw new Error('this module is a worker')
const port = parentPort
const db = await PGlite.create(directory, { startParams: START })
let work: Promise<void> = Promise.resolve()

async function take(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'connect':
      await db.exec('ROLLBACK')
      await db.exec('DISCARD ALL')
      return
    case 'data': {
      const bytes = await db.execProtocolRaw(message.bytes)
      port.postMessage({ type: 'data', connection: message.connection, bytes })
      return
    }
    case 'close':
      await db.close()
      port.close()
  }
}

// What is thrown here ends the worker, and its end is seen outside.
port.on('message', (message: unknown) => {
  const asked = fromMain.parse(message)
  work = work.then(() => take(asked))
})
port.postMessage({ type: 'ready' })
