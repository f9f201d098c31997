import type { Pool, PoolClient } from 'pg'

/** Where the store lives: one dialect, two homes. */
export interface Home {
  readonly kind: 'pglite' | 'postgres'
  readonly pool: Pool
  /** Resolves with the reason when the home is no more, whether it was closed or broke. */
  readonly gone: Promise<Error>
  close(): Promise<void>
}

/** One number for all who bring a database up to date. */
const UPDATE_LOCK = 7_203_913

async function holdingLock<T>(client: PoolClient, work: () => Promise<T>): Promise<T> {
  await client.query('select pg_advisory_lock($1)', [UPDATE_LOCK])
  try {
    return await work()
  } finally {
    await client.query('select pg_advisory_unlock($1)', [UPDATE_LOCK])
  }
}

/** Does what only one gateway may do at a time. Nobody else is at home in PGlite, whose one connection the work needs. */
export async function exclusively<T>({ kind, pool }: Home, work: () => Promise<T>): Promise<T> {
  if (kind === 'pglite') return await work()
  const client = await pool.connect()
  try {
    return await holdingLock(client, work)
  } finally {
    // The connection goes, and with it whatever it may still hold.
    client.release(true)
  }
}
