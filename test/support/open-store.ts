/** Stores for tests, in either home, empty at first. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { createStores, type LazyStores } from '../../src/storage/index.ts'
import { createRecordingObserver } from './recording-observer.ts'
import { putStore } from './store-template.ts'

export type HomeKind = 'pglite' | 'postgres'

/** Whether tests on a PostgreSQL server can run. */
export const hasPostgres = (): boolean => inject('postgresUrl') !== ''

export interface StoreHome extends AsyncDisposable {
  readonly dataDirectory: string
  readonly databaseUrl: string | undefined
  /** Another look at the same home. Of PGlite only one may be open at a time. */
  open(options?: { readonly heartbeatSeconds?: number }): LazyStores
}

let count = 0

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A home of its own: a directory, or a database on the server of the test run; `made` saves the making of the first. */
export async function openStoreHome(kind: HomeKind, { made = true } = {}): Promise<StoreHome> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'vivavoce-store-'))
  const server = inject('postgresUrl')
  const name = `test_${process.pid}_${count++}`
  let databaseUrl: string | undefined
  if (kind === 'pglite' && made) await putStore(dataDirectory)
  if (kind === 'postgres') {
    await run(server, `create database ${name}`)
    databaseUrl = server.replace(/\/postgres$/, `/${name}`)
  }
  return {
    dataDirectory,
    databaseUrl,
    open: ({ heartbeatSeconds = 10 } = {}) =>
      createStores({ dataDirectory, databaseUrl, heartbeatSeconds, observer: createRecordingObserver() }),
    async [Symbol.asyncDispose]() {
      if (kind === 'postgres') await run(server, `drop database ${name} with (force)`)
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}
