/** What the machine has: Node, directories, the address. */
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { hasCode, writeProblem } from '../../lib/index.ts'
import { lockDirectory } from '../../storage/index.ts'
import { listeningUrl } from '../listening-url.ts'
import { fail, ok, reasonOf, warn, type Check, type Finding } from './check.ts'

const NEEDED_NODE = [22, 13] as const
const HEALTH_MS = 3000

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [neededMajor, neededMinor] = NEEDED_NODE
  return major > neededMajor || (major === neededMajor && minor >= neededMinor)
    ? ok(version)
    : fail(`${version} is too old`, `Install Node ${NEEDED_NODE.join('.')} or newer: https://nodejs.org/en/download.`)
}

export const node: Check = { name: 'node', needs: [], run: async () => nodeFinding(process.versions.node) }

/** The version of a vivavoce that answers there; `undefined` when it is something else. */
async function runningAt(url: string, signal: AbortSignal): Promise<{ version: string; status: string } | undefined> {
  try {
    const response = await fetch(`${url}/health`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_MS)]),
      redirect: 'manual',
    })
    const body: unknown = await response.json()
    if (body === null || typeof body !== 'object' || !('version' in body && 'status' in body && 'busy' in body))
      return undefined
    return { version: String(body.version), status: String(body.status) }
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

const bindError = (host: string, port: number): Promise<Error | undefined> => {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>()
  const server = createServer()
  server.once('error', resolve)
  server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, exclusive: true }, () =>
    server.close(() => resolve(undefined)),
  )
  return promise
}

export const address: Check = {
  name: 'address',
  needs: ['config'],
  async run({ facts: { config }, signal }) {
    const { VIVAVOCE_HOST: host = '', VIVAVOCE_PORT: port = 0 } = config ?? {}
    const where = port === 0 ? `${host}, any free port` : `${host}, port ${port}`
    const error = await bindError(host, port)
    if (error === undefined) return ok(where)
    if (hasCode(error, 'EADDRINUSE')) {
      const url = listeningUrl(host, port)
      const running = await runningAt(url, signal)
      return running === undefined
        ? fail(
            `${where} is in use by another program`,
            `Choose another port with --port or VIVAVOCE_PORT. \`ss -ltnp 'sport = :${port}'\` names the program.`,
          )
        : warn(
            `vivavoce ${running.version} already listens on ${url} (status ${running.status})`,
            'Stop it before you start another one, or choose another port with --port or VIVAVOCE_PORT.',
            { isRunning: true },
          )
    }
    if (hasCode(error, 'EACCES'))
      return fail(`${where} may not be used by this user`, 'Choose a port from 1024 up with --port or VIVAVOCE_PORT.')
    if (hasCode(error, 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EAFNOSUPPORT'))
      return fail(
        `${host} is not an address of this machine`,
        'Set VIVAVOCE_HOST to 127.0.0.1 for this machine alone, or to 0.0.0.0 for every address.',
      )
    return fail(`${where} cannot be used: ${reasonOf(error)}`, 'Choose another with VIVAVOCE_HOST and VIVAVOCE_PORT.')
  },
}

export const dataDirectory: Check = {
  name: 'data directory',
  needs: ['config'],
  async run({ facts: { config, isRunning = false } }) {
    const path = config?.dataDirectory ?? ''
    const problem = await writeProblem(path)
    if (problem !== undefined)
      return fail(
        `no file can be written in ${path}: ${problem}`,
        'Name a directory that this user may write to with --data-dir or VIVAVOCE_DATA_DIR.',
      )
    const locked = await lockDirectory(path)
    if (locked.ok) {
      await locked.lock[Symbol.asyncDispose]()
      return ok(path, { dataDirectory: path })
    }
    const advice = isRunning
      ? 'That is the server on the address above. Another one needs a directory of its own (VIVAVOCE_DATA_DIR).'
      : 'Stop that server, or name another directory with --data-dir or VIVAVOCE_DATA_DIR.'
    return warn(`${path} is in use by a server (${locked.holder})`, advice, { dataDirectory: path })
  },
}

export const cacheDirectory: Check = {
  name: 'cache directory',
  needs: ['config'],
  async run({ facts: { config } }) {
    const path = config?.cacheDirectory ?? ''
    const problem = await writeProblem(path)
    return problem === undefined
      ? ok(path)
      : warn(
          `no file can be written in ${path}: ${problem}`,
          'Set XDG_CACHE_HOME to a directory that this user may write to. Without it every start tries out the CLI again.',
        )
  },
}

/** The CLI makes this directory itself, so the one above counts while it is missing. */
export const claudeDirectory: Check = {
  name: 'Claude directory',
  needs: ['config'],
  async run({ facts: { config } }) {
    const path = config?.loginDirectory ?? ''
    const existing = existsSync(path) ? path : dirname(path)
    const problem = existsSync(existing) ? await writeProblem(existing) : 'no such file or directory'
    return problem === undefined
      ? ok(path)
      : warn(
          `no file can be written in ${existing}: ${problem}`,
          'Make it writable, or set HOME or CLAUDE_CONFIG_DIR to another directory. The CLI cannot renew a login that it cannot store.',
        )
  },
}
