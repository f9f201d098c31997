/** One verified binary of the CLI and everything that serves with it: a pool, one-shot processes, what the sandbox lacks. */
import {
  missingFrom,
  refusesExchangedFiles,
  tierOf,
  type CliBinary,
  type CliIdentity,
  type Findings,
} from './claude/index.ts'
import type { Config } from './config/index.ts'
import { GatewayError, type Agent, type ReadyCli, type TurnEngine } from './core/index.ts'
import { openProcesses, type Processes, type ProcessesOptions } from './processes.ts'
import { gapsOf, refuseUnsandboxed, type FoundSandbox, type Gap } from './sandbox/index.ts'

export interface Verified {
  readonly cli: CliBinary
  readonly findings: Findings
}

export interface Generation extends Verified, Omit<Processes, 'engine'> {
  readonly identity: CliIdentity
  readonly ready: ReadyCli
  /** What the sandbox cannot give with this version. */
  readonly gaps: readonly Gap[]
  readonly engine: TurnEngine
}

export interface GenerationOptions extends Omit<ProcessesOptions, 'cli' | 'abilities' | 'sandbox'> {
  readonly sandbox: FoundSandbox
  /** Those that a gap of the sandbox may concern. */
  readonly agents: readonly Agent[]
}

const RETRY_AFTER_SECONDS = 5

/** Refuses tools for as long as it is not known whether the CLI can be offered any. */
const untilToolsAreKnown = (engine: TurnEngine, { pooled, abilities }: Findings): TurnEngine => {
  if (pooled === false || abilities.functions !== undefined) return engine
  return {
    async *run(request, { signal }) {
      if (request.functions !== undefined && request.functions.choice !== 'none')
        throw new GatewayError(
          'starting',
          'The server does not know yet whether its Claude Code CLI can be offered tools. Try again shortly.',
          { retryAfterSeconds: RETRY_AFTER_SECONDS },
        )
      yield* engine.run(request, { signal })
    },
  }
}

/** Starts its pool, and reports what it cannot do. */
export function openGeneration(
  config: Config,
  identity: CliIdentity,
  { cli, findings }: Verified,
  { sandbox, agents, ...options }: GenerationOptions,
): Generation {
  const { observer } = options
  const { version, path } = cli
  const refused = !config.VIVAVOCE_ALLOW_UNSANDBOXED
  const gaps = gapsOf({ sandbox, cli: { version, refusesExchangedFiles: refusesExchangedFiles(version) } })
  for (const { concerns, problem } of gaps) {
    const concerned = agents.filter(concerns).map(({ name }) => name)
    if (concerned.length > 0) observer.observe({ type: 'sandbox-missing', agents: concerned, refused, problem })
  }
  const missing = missingFrom(findings)
  observer.observe({ type: 'cli-capabilities-found', path, version, missing })
  const processes = openProcesses(config, {
    ...options,
    cli,
    abilities: tierOf(findings),
    sandbox: sandbox.ok ? sandbox.sandbox : undefined,
  })
  const engine = untilToolsAreKnown(processes.engine, findings)
  return {
    ...processes,
    identity,
    cli,
    findings,
    ready: { status: 'ready', version, path, missing },
    gaps,
    engine: refused ? refuseUnsandboxed(engine, () => gaps) : engine,
  }
}
