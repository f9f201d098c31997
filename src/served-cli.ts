/** The CLI that is served: verified first, then an engine. */
import { join } from 'node:path'
import {
  locateCli,
  openProbeCache,
  refusesExchangedFiles,
  resolveCli,
  type Abilities,
  type CliBinary,
} from './claude/index.ts'
import type { Config } from './config/index.ts'
import {
  GatewayError,
  notServedError,
  type Agent,
  type CliState,
  type Clock,
  type Observer,
  type PoolFigures,
  type ReadyCli,
  type TurnEngine,
} from './core/index.ts'
import { proveCli } from './prove-cli.ts'
import { openProcesses, type Processes, type ProcessesOptions } from './processes.ts'
import { gapsOf, type FoundSandbox, type Gap } from './sandbox/index.ts'

export interface ServedCli {
  /** Fails with `starting` until the CLI is verified. */
  readonly engine: TurnEngine
  readonly state: CliState
  /** What the sandbox cannot give with this CLI. */
  readonly gaps: readonly Gap[]
  /** Of the processes that are kept, where any are. */
  readonly figures: () => PoolFigures | undefined
  /** Verifies the CLI. Resolves when turns are served; rejects when it must not be served, or with what `close` ended it by. */
  start(): Promise<ReadyCli>
  /** Ends a verification that goes on, and all processes; waits for it. */
  close(): Promise<void>
}

export interface ServedCliOptions extends Omit<ProcessesOptions, 'cli' | 'abilities' | 'sandbox'> {
  readonly sandbox: FoundSandbox
  /** Those that a gap of the sandbox may concern. */
  readonly agents: readonly Agent[]
  readonly clock: Clock
  readonly observer: Observer
}

/** Nothing is started yet. @throws GatewayError `cli_unavailable` when there is no CLI. */
export function openServedCli(config: Config, { sandbox, agents, ...options }: ServedCliOptions): ServedCli {
  const { clock, observer } = options
  const path = resolveCli({ wanted: config.VIVAVOCE_CLAUDE_BIN, searchPath: config.searchPath })
  const sinceMs = clock.nowMs()
  const closing = new AbortController()
  let state: CliState = { status: 'verifying', reason: 'start', path, sinceMs, attempt: 1 }
  let gaps: readonly Gap[] = []
  let processes: Processes | undefined

  async function verify(): Promise<{ readonly cli: CliBinary; readonly abilities: Abilities | undefined }> {
    const cli = await locateCli({ wanted: config.VIVAVOCE_CLAUDE_BIN, searchPath: config.searchPath })
    const cache = openProbeCache(join(config.cacheDirectory, 'abilities.json'))
    return { cli, abilities: await proveCli({ cli, searchPath: config.searchPath, clock, cache }) }
  }

  function reportGaps(): void {
    const refused = !config.VIVAVOCE_ALLOW_UNSANDBOXED
    for (const { concerns, problem } of gaps) {
      const concerned = agents.filter(concerns).map(({ name }) => name)
      if (concerned.length > 0) observer.observe({ type: 'sandbox-missing', agents: concerned, refused, problem })
    }
  }

  async function open(): Promise<ReadyCli> {
    observer.observe({ type: 'cli-verification-started', reason: 'start', path })
    const over = { attempts: 1, path }
    try {
      const { cli, abilities } = await verify()
      closing.signal.throwIfAborted()
      gaps = gapsOf({
        sandbox,
        cli: { version: cli.version, refusesExchangedFiles: refusesExchangedFiles(cli.version) },
      })
      reportGaps()
      processes = openProcesses(config, {
        ...options,
        cli,
        abilities,
        sandbox: sandbox.ok ? sandbox.sandbox : undefined,
      })
      const ready: ReadyCli = { status: 'ready', version: cli.version, path, missing: [] }
      state = ready
      const { version } = cli
      const ms = clock.nowMs() - sinceMs
      observer.observe({ type: 'cli-verification-finished', ...over, outcome: 'verified', ms, version })
      return ready
    } catch (error) {
      closing.signal.throwIfAborted()
      const problem = error instanceof Error ? error.message : String(error)
      state = { status: 'refused', path, problem }
      const ms = clock.nowMs() - sinceMs
      observer.observe({ type: 'cli-verification-finished', ...over, outcome: 'refused', ms, problem })
      throw error
    }
  }

  let opening: Promise<ReadyCli> | undefined
  return {
    engine: {
      async *run(request, run) {
        if (processes === undefined || state.status !== 'ready')
          throw notServedError(state.status === 'ready' ? { ...state, status: 'refused', problem: '' } : state)
        yield* processes.engine.run(request, run)
      },
    },
    get state() {
      return state
    },
    get gaps() {
      return gaps
    },
    figures: () => processes?.figures(),
    start: () => (opening ??= open()),
    async close() {
      closing.abort(new GatewayError('shutting_down', 'The server is stopping. Try again shortly.'))
      await opening?.catch(() => undefined)
      await processes?.close()
    },
  }
}
