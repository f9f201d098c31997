/** A gateway in a process of its own, to be killed and started again on the same data. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../support/stage.ts'

const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))

export interface GatewayProcess {
  /** The address of the one that runs; `undefined` while none does. */
  readonly url: string | undefined
  /** Resolves when it serves; to how long that took, in milliseconds. */
  start(): Promise<number>
  /** Kills it and waits until it is gone; resolves to the time of the kill. */
  kill(): Promise<number>
  /** Asks it to stop; resolves to its exit code. */
  stop(): Promise<number | null>
  /** The last of what it wrote, over all its lives. */
  readonly log: string
}

export function createGatewayProcess(env: Readonly<Record<string, string>>): GatewayProcess {
  let child: ChildProcess | undefined
  let url: string | undefined
  let log = ''

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child === undefined) throw new Error('no gateway runs')
    const ending = child
    const over = once(ending, 'exit')
    url = undefined
    ending.kill(signal)
    await over
    child = undefined
    return ending.exitCode
  }

  return {
    get url() {
      return url
    },
    get log() {
      return log
    },
    async start() {
      const startedAtMs = Date.now()
      let out = ''
      const started = spawn(process.execPath, [bin, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
      child = started
      started.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
      started.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-1_000_000)))
      url = await until(() => {
        if (started.exitCode !== null) throw new Error(`the gateway ended: ${log.slice(-2000)}`)
        return /"listening":"([^"]+)"/.exec(out)?.[1]
      })
      return Date.now() - startedAtMs
    },
    async kill() {
      const killedAtMs = Date.now()
      await end('SIGKILL')
      return killedAtMs
    },
    stop: () => end('SIGTERM'),
  }
}

/** What every gateway of a campaign is started with. */
export const gatewayEnvironment = (options: {
  readonly directory: string
  readonly name: string
  readonly rehearsalUrl: string
  readonly rehearsalKey: string
  readonly agents: string
  readonly repository: string
  readonly databaseUrl: string | undefined
}): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: options.directory,
  TMPDIR: options.directory,
  XDG_CACHE_HOME: join(options.directory, 'cache'),
  CLAUDE_CONFIG_DIR: join(options.directory, `claude-${options.name}`),
  ANTHROPIC_BASE_URL: options.rehearsalUrl,
  ANTHROPIC_API_KEY: options.rehearsalKey,
  VIVAVOCE_DATA_DIR: join(options.directory, `data-${options.name}`),
  VIVAVOCE_AGENTS_DIR: options.agents,
  VIVAVOCE_AGENT: 'worker',
  VIVAVOCE_WORKSPACE_REPO: options.repository,
  VIVAVOCE_PORT: '0',
  VIVAVOCE_POOL_MAX: '2',
  MAX_CONCURRENCY: '4',
  VIVAVOCE_JOB_ATTEMPTS: '10',
  JOB_TTL_SECONDS: '86400',
  API_BEARER_TOKEN: 'k',
  ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
})
