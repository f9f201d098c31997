/** The processes of the CLI, kept and not, as one engine. */
import {
  createColdEngine,
  createPool,
  createWarmEngine,
  freshHeld,
  startWarmProcess,
  type Abilities,
  type CliBinary,
} from './claude/index.ts'
import type { Config } from './config/index.ts'
import type { Clock, Observer, PoolFigures, TurnEngine } from './core/index.ts'

export interface Processes {
  readonly engine: TurnEngine
  /** `undefined` where none are kept. */
  readonly figures: () => PoolFigures | undefined
  /** Ends the kept ones and waits for it; turns end by their own signals. */
  close(): Promise<void>
}

export interface ProcessesOptions {
  readonly cli: CliBinary
  /** Absent where none can be kept. */
  readonly abilities: Abilities | undefined
  readonly neutralDirectory: string
  /** Where children leave what they do not clear away themselves: sockets and probes of the CLI, when it is killed. */
  readonly temporaryDirectory: string
  readonly clock: Clock
  readonly observer: Observer
}

/** Whether there is more than one. */
const hasTenants = ({ API_BEARER_TOKEN: own, VIVAVOCE_TENANTS: others = [] }: Config): boolean =>
  others.length + (own === undefined ? 0 : 1) > 1

export function openProcesses(
  config: Config,
  { cli, abilities, neutralDirectory, temporaryDirectory, clock, observer }: ProcessesOptions,
): Processes {
  const afterResultMs = config.VIVAVOCE_AFTER_RESULT_TIMEOUT_SECONDS * 1000
  const common = {
    bin: cli.path,
    passedOn: { ...config.cliEnvironment, TMPDIR: temporaryDirectory },
    neutralDirectory,
    clock,
    observer,
  }
  const persona = config.VIVAVOCE_PERSONA
  const cold = createColdEngine({ ...common, persona, afterResultMs })
  if (abilities === undefined || config.pool.max === 0)
    return { engine: cold, figures: () => undefined, close: async () => undefined }

  const model = config.VIVAVOCE_DEFAULT_MODEL
  const startMs = config.VIVAVOCE_START_TIMEOUT_SECONDS * 1000
  const pool = createPool({
    abilities,
    limits: {
      ...config.pool,
      startsAtOnce: config.cores,
      reusable: !hasTenants(config) && abilities.rewind !== 'none' && abilities.systemPrompt !== 'fixed',
    },
    start: ({ model: wanted, signal }) =>
      startWarmProcess({ ...common, model: wanted, abilities, startMs }, { signal }),
    model,
    settleMs: afterResultMs,
    clock,
    observer,
  })
  const fresh = freshHeld({ model, abilities })
  return {
    engine: createWarmEngine({ pool, abilities, fresh, persona, fallback: cold, clock, observer }),
    figures: () => pool.figures,
    close: () => pool.close(),
  }
}
