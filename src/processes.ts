/** The processes of the CLI, kept and not, as one engine. */
import {
  CliReplacedError,
  createColdEngine,
  createPool,
  createSingleUse,
  createStartTimes,
  createWarmEngine,
  freshHeld,
  startWarmProcess,
  type Abilities,
  type CliBinary,
  type FindAnswerFault,
  type Pool,
} from './claude/index.ts'
import type { Config } from './config/index.ts'
import type { Clock, Observer, PoolFigures, Sandbox, TurnEngine } from './core/index.ts'

export interface Processes {
  readonly engine: TurnEngine
  /** `undefined` where none are kept. */
  readonly figures: () => PoolFigures | undefined
  /** Resolves when the first pooled process is ready, or could not be started. */
  warmedUp(): Promise<void>
  /** Gives out no pooled process any more; each ends once it is free. Turns that wait for one fail with `CliReplacedError`. */
  drain(): Promise<void>
  /** Ends the kept ones and waits for it; turns end by their own signals. */
  close(): Promise<void>
}

export interface ProcessesOptions {
  readonly cli: CliBinary
  /** Called before and after each process is started. @throws CliReplacedError where the binary is not the one that was verified. */
  readonly confirm: () => void
  /** Absent where none can be kept. */
  readonly abilities: Abilities | undefined
  /** Of the transcript that keeps the machine from the model. */
  readonly seedPath: string
  /** Where children leave what they do not clear away themselves: sockets and probes of the CLI, when it is killed. */
  readonly temporaryDirectory: string
  /** For doers; absent where there is none. */
  readonly sandbox: Sandbox | undefined
  readonly findAnswerFault: FindAnswerFault
  /** Watches a directory that the output of doers' programs is kept in. */
  readonly watchOutput: NonNullable<Parameters<typeof createColdEngine>[0]['watchOutput']>
  readonly clock: Clock
  readonly observer: Observer
}

const ending = (pool: Pool): Pick<Processes, 'drain' | 'close'> => ({
  drain: () => pool.drain(new CliReplacedError('the CLI was replaced')),
  close: () => pool.close(),
})

/** Whether there is more than one tenant. */
export const hasTenants = ({ API_BEARER_TOKEN: own, VIVAVOCE_TENANTS: others = [] }: Config): boolean =>
  others.length + (own === undefined ? 0 : 1) > 1

export function openProcesses(
  config: Config,
  {
    cli,
    confirm,
    abilities,
    seedPath,
    temporaryDirectory,
    sandbox,
    watchOutput,
    findAnswerFault,
    clock,
    observer,
  }: ProcessesOptions,
): Processes {
  const afterResultMs = config.VIVAVOCE_AFTER_RESULT_TIMEOUT_SECONDS * 1000
  const common = {
    bin: cli.path,
    confirm,
    passedOn: { ...config.cliEnvironment, TMPDIR: temporaryDirectory },
    clock,
    observer,
  }
  const persona = config.VIVAVOCE_PERSONA
  const startTimes = createStartTimes({ leastMs: config.VIVAVOCE_START_TIMEOUT_SECONDS * 1000 })
  const cold = createColdEngine({
    ...common,
    persona,
    afterResultMs,
    startTimes,
    watchOutput,
    ...(abilities?.environmentNote === 'removable' ? { seedPath } : {}),
    ...(sandbox === undefined ? {} : { sandbox }),
  })
  const none = async (): Promise<void> => undefined
  if (abilities === undefined)
    return { engine: cold, figures: () => undefined, warmedUp: none, drain: none, close: none }

  const model = config.VIVAVOCE_DEFAULT_MODEL
  const fresh = freshHeld({ model, abilities })
  const start: Parameters<typeof createPool>[0]['start'] = ({ model: wanted, signal }) =>
    startTimes.measure(clock, (limits) =>
      startWarmProcess({ ...common, ...limits, seedPath, model: wanted, abilities }, { signal }),
    )
  const warm = { abilities, fresh, persona, fallback: cold, findAnswerFault, clock, observer }
  if (config.pool.max === 0) {
    const pool = createSingleUse({ abilities, fresh, start, clock, observer })
    const takes = ({ functions }: { readonly functions: readonly unknown[] }): boolean => functions.length > 0
    return {
      engine: createWarmEngine({ ...warm, pool, takes }),
      figures: () => undefined,
      warmedUp: none,
      ...ending(pool),
    }
  }
  const pool = createPool({
    abilities,
    limits: {
      ...config.pool,
      startsAtOnce: config.cores,
      reusable: !hasTenants(config) && abilities.rewind !== 'none' && abilities.systemPrompt !== 'fixed',
    },
    keepsOne: hasTenants(config),
    start,
    startTimes,
    model,
    settleMs: afterResultMs,
    clock,
    observer,
  })
  return {
    engine: createWarmEngine({ ...warm, pool }),
    figures: () => pool.figures,
    warmedUp: () => pool.warmedUp,
    ...ending(pool),
  }
}
