/** The gateway as its users run it: `serve` in a process of its own, with the settings that it has by default. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { hasCode } from '../src/lib/index.ts'
import { nowMs } from './clock.ts'
import { cpuMsOf, processesAtHome } from './process-tree.ts'
import { quietEnvironment } from './quiet-environment.ts'

const COMMAND = fileURLToPath(new URL('../src/cli/bin.ts', import.meta.url))
const START_MS = 60_000
const STOP_MS = 15_000
const READY_MS = 60_000
/** A gateway is at rest when it uses no more than a tenth of a core for so long; idle CLI processes are never quite still. */
const QUIET_LOOK_MS = 200
const QUIET_CPU_MS = 20
/** One that is ready is not waited for any longer, at rest or not. */
const LONGEST_WAIT_MS = 3000
const LOG_TAIL_CHARS = 4000

export interface GatewayProcess extends AsyncDisposable {
  readonly url: string
  readonly key: string
  readonly pid: number
  /** The last of its log, to tell why a run failed. */
  logTail(): string
  /** Resolves when it has its processes ready and is at rest, so that what it does beforehand or afterwards disturbs nobody. */
  settled(options: { readonly signal: AbortSignal }): Promise<void>
}

export interface GatewayOptions {
  /** Everything of this gateway is below it. */
  readonly directory: string
  readonly upstream: string
  readonly cliPath: string
  readonly settings: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** What `/health` tells of a warm engine. */
interface Pool {
  readonly size: number
  readonly idle: number
  readonly busy: number
  readonly spares: number
  readonly starting: number
}

const isReady = (pool: Pool | undefined): boolean =>
  pool === undefined || (pool.starting === 0 && pool.busy === 0 && pool.spares + pool.idle > 0)

/** Resolves when it serves. Disposing of it ends it and everything it started. */
export async function startGatewayProcess(options: GatewayOptions): Promise<GatewayProcess> {
  const { directory, upstream, cliPath, settings, signal } = options
  const key = 'bench-key'
  const env = {
    ...quietEnvironment({ directory, upstream }),
    VIVAVOCE_PORT: '0',
    VIVAVOCE_DATA_DIR: join(directory, 'data'),
    VIVAVOCE_CLAUDE_BIN: cliPath,
    API_BEARER_TOKEN: key,
    ...settings,
  }
  const logPath = join(directory, 'log')
  const log = openSync(logPath, 'w')
  const child = spawn(process.execPath, [COMMAND, 'serve'], { cwd: directory, env, stdio: ['ignore', 'pipe', log] })
  closeSync(log)
  // That it could not be started shows in its having no number.
  child.on('error', () => undefined)
  const { pid, stdout } = child
  if (pid === undefined || stdout === null) throw new Error('the gateway could not be started')
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))

  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const late = new AbortController()
    await Promise.race([ended, sleep(STOP_MS, undefined, { signal: late.signal })])
    late.abort()
    // One that was late, and what one leaves behind that was killed.
    for (const left of processesAtHome(directory)) kill(left)
    await ended
  }
  let stopping: Promise<void> | undefined
  const stopOnce = (): Promise<void> => (stopping ??= stop())

  try {
    const url = await Promise.race([
      addressOn(stdout, AbortSignal.any([signal, AbortSignal.timeout(START_MS)])),
      ended.then(() => Promise.reject(new Error(`the gateway did not start:\n${tailOf(logPath)}`))),
    ])
    return {
      url,
      key,
      pid,
      logTail: () => tailOf(logPath),
      settled: ({ signal }) => settled({ url, key, pid, signal }),
      [Symbol.asyncDispose]: stopOnce,
    }
  } catch (error) {
    await stopOnce()
    throw error
  }
}

const tailOf = (path: string): string => readFileSync(path, 'utf8').slice(-LOG_TAIL_CHARS)

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

/** The address that the gateway tells on its first line. */
async function addressOn(stdout: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
  const [line] = (await once(createInterface(stdout), 'line', { signal })) as [string]
  return (JSON.parse(line) as { readonly listening: string }).listening
}

async function settled({
  url,
  key,
  pid,
  signal,
}: {
  readonly url: string
  readonly key: string
  readonly pid: number
  readonly signal: AbortSignal
}): Promise<void> {
  const beganAtMs = nowMs()
  for (let cpuMs = cpuMsOf(pid); ;) {
    await sleep(QUIET_LOOK_MS, undefined, { signal })
    const { pool } = (await (
      await fetch(`${url}/health`, { headers: { authorization: `Bearer ${key}` }, signal })
    ).json()) as { readonly pool?: Pool }
    const usedMs = cpuMsOf(pid)
    const isQuiet = cpuMs === undefined || usedMs === undefined || usedMs - cpuMs <= QUIET_CPU_MS
    cpuMs = usedMs
    const waitedMs = nowMs() - beganAtMs
    if (isReady(pool) && (isQuiet || waitedMs > LONGEST_WAIT_MS)) return
    if (waitedMs > READY_MS) throw new Error(`the gateway is not ready: ${JSON.stringify(pool)}`)
  }
}
