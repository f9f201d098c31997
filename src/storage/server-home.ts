import { Socket } from 'node:net'
import pg from 'pg'
import { SCHEMA } from './database.ts'
import { QUEUE_SCHEMA } from './job-queue.ts'
import type { Home } from './home.ts'

const CONNECTIONS = 10
const CONNECT_MS = 10_000
/** No statement of ours takes longer, unless it waits for what will not come. */
const STATEMENT_MS = 30_000
/** Longer than any statement. A network that has gone silent would keep us waiting for ever. */
const SILENCE_MS = 45_000

/** Breaks when nothing has come or gone for too long. */
function impatientSocket(ms: number): Socket {
  const socket = new Socket()
  return socket.setTimeout(ms, () => socket.destroy(new Error(`the server has been silent for ${ms} ms`)))
}

/** A PostgreSQL server by its address. Connections are made when they are needed, and anew when they broke. */
export function openServerHome(
  url: string,
  { onError, silenceMs = SILENCE_MS }: { readonly onError: (error: Error) => void; readonly silenceMs?: number },
): Home {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    application_name: 'vivavoce',
    keepAlive: true,
    stream: () => impatientSocket(silenceMs),
  })
  let closed = false
  // A connection that breaks while nobody uses it is replaced.
  pool.on('error', (error) => {
    if (!closed) onError(error)
  })
  const gone = Promise.withResolvers<Error>()
  return {
    kind: 'postgres',
    pool,
    gone: gone.promise,
    async close() {
      closed = true
      await pool.end()
      gone.resolve(new Error('the store was closed'))
    },
  }
}

export interface ServerDescription {
  readonly version: string
  /** `170002` for 17.2. */
  readonly versionNumber: number
  /** Whether the user may create what the store needs. */
  readonly mayCreate: boolean
}

/** The server that a URL names. @throws the error of the connection or the server, within some seconds. */
export async function describeServer(url: string): Promise<ServerDescription> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
  })
  // A connection that breaks rejects the query; without a listener the event would end the program.
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<ServerDescription>(
      `select current_setting('server_version') as version,
        current_setting('server_version_num')::int as "versionNumber",
        (
          select bool_and(
            coalesce(has_schema_privilege(oid, 'CREATE'), has_database_privilege(current_database(), 'CREATE'))
          )
          from unnest($1::text[]) as wanted (name) left join pg_namespace on nspname = name
        ) as "mayCreate"`,
      [[SCHEMA, QUEUE_SCHEMA]],
    )
    const [row] = rows
    if (row === undefined) throw new Error('the server described nothing')
    return row
  } finally {
    await client.end()
  }
}
