/**
 * A PostgreSQL server of our own for a test run: Debian's, on a free port of loopback, in a directory that goes with it. Tests
 * get its address by `inject('postgresUrl')`; where it cannot be had, the tests that need it are skipped, and it is said.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a database whose user may make others; `''` where there is no server. */
    postgresUrl: string
  }
}

const DEBIAN = '/usr/lib/postgresql'
const START_MS = 30_000

/** The newest server that Debian's packages have brought. */
const binaries = (): string | undefined =>
  existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => join(DEBIAN, version, 'bin'))
        .find((directory) => existsSync(join(directory, 'postgres')))
    : undefined

/** PostgreSQL does not run as root: then it runs as the user that its package has made. */
const serverUser = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + START_MS
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await delay(50)
    }
  }
}

export interface PostgresServer {
  readonly url: string
  stop(): Promise<void>
}

/** @throws where the server is not installed or does not start. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries()
  if (bin === undefined) throw new Error('PostgreSQL is not installed')
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-postgres-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true })
  try {
    const user = serverUser()
    if (user !== undefined) await chown(directory, user.uid, user.gid)
    await chmod(directory, 0o700)
    const data = join(directory, 'data')
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' }
    const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']
    execFileSync(join(bin, 'initdb'), init, { ...user, env, cwd: directory, stdio: 'pipe' })
    const port = await freePort()
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', 'fsync=off']
    const server = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      { ...user, env, cwd: directory, stdio: 'ignore' },
    )
    const over = once(server, 'exit')
    const stop = async (): Promise<void> => {
      // Ends without waiting for clients.
      server.kill('SIGINT')
      await over
      await remove()
    }
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`
    try {
      await untilReady(url)
    } catch (error) {
      await stop()
      throw error
    }
    return { url, stop }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Of the test runner: one server for the whole run. */
export async function setup(project: { provide(key: 'postgresUrl', url: string): void }): Promise<() => Promise<void>> {
  try {
    const { url, stop } = await startPostgres()
    project.provide('postgresUrl', url)
    return stop
  } catch (error) {
    process.stderr.write(`PostgreSQL cannot be started, its tests are skipped: ${String(error)}\n`)
    project.provide('postgresUrl', '')
    return async () => undefined
  }
}
