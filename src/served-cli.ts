/**
 * The CLI that is served. Its binary is verified before it serves, and looked at before each process is started: one that
 * has changed is verified in its turn, while the processes of the one before go on.
 */
import {
  CliReplacedError,
  createPace,
  deadline,
  identifyCli,
  isSameCli,
  openCapabilityCache,
  type CliIdentity,
  type PaceOptions,
} from './claude/index.ts'
import { cachePath, checksAtOnce, createCliCheck, type CliCheck } from './check-cli.ts'
import type { Config } from './config/index.ts'
import {
  GatewayError,
  notServedError,
  type CliState,
  type PoolFigures,
  type ReadyCli,
  type TurnEngine,
} from './core/index.ts'
import { learnMore } from './learn-more.ts'
import { isAbortOf, orAborted } from './lib/index.ts'
import { openGeneration, type Generation, type GenerationOptions, type Verified } from './generation.ts'
import { pause } from './pause.ts'
import type { Gap } from './sandbox/index.ts'
import { verifyCli, type Decision } from './verify-cli.ts'

export interface ServedCli {
  /** Fails with `starting` until a CLI is verified; afterwards turns wait for a new version where they need its processes. */
  readonly engine: TurnEngine
  readonly state: CliState
  /** What the sandbox cannot give with this CLI. */
  readonly gaps: readonly Gap[]
  /** Of the processes that are pooled, where any are. */
  readonly figures: () => PoolFigures | undefined
  /** Verifies the CLI. Resolves when turns are served; rejects when it must not be served, or with what `close` ended it by. */
  start(): Promise<ReadyCli>
  /** Ends a verification that goes on, and all processes; waits for it. */
  close(): Promise<void>
}

export interface ServedCliOptions extends Omit<GenerationOptions, 'confirm'> {
  /** What starts are taken to take before they were measured. */
  readonly pace?: PaceOptions
}

/** How often it is looked whether the binary has changed, besides before each start. */
const LOOK_EVERY_MS = 10_000
/** How soon a binary that is not there, or must not be served, is looked for again. */
const LOOK_AGAIN_MS = 1000

/** Nothing is started yet. @throws GatewayError `cli_unavailable` when there is no CLI. */
export function openServedCli(config: Config, options: ServedCliOptions): ServedCli {
  const { clock, observer } = options
  const wanted = { wanted: config.VIVAVOCE_CLAUDE_BIN, searchPath: config.searchPath }
  const cache = openCapabilityCache(cachePath(config), clock)
  const closing = new AbortController()
  /** What goes on without anybody waiting for it. */
  const work = new Set<Promise<unknown>>()
  const generations = new Set<Generation>()
  let current: Generation | undefined
  let following = false
  let changed = Promise.withResolvers<void>()
  let looking: Disposable | undefined
  let state: CliState = {
    status: 'verifying',
    reason: 'start',
    path: identifyCli(wanted).path,
    sinceMs: clock.nowMs(),
    attempt: 1,
  }

  function become(next: CliState): void {
    state = next
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const replacedBy = (replacement: ReadyCli['replacement']): void => {
    if (current !== undefined) become({ ...current.ready, ...(replacement === undefined ? {} : { replacement }) })
  }

  function track(what: string, doing: Promise<unknown>): void {
    const settled = doing.catch((error: unknown) => {
      if (!closing.signal.aborted) observer.observe({ type: 'cleanup-failed', what, error })
    })
    work.add(settled)
    void settled.then(() => work.delete(settled))
  }

  /** The file that is there just now; `undefined` where none is. */
  function look(): CliIdentity | undefined {
    try {
      return identifyCli(wanted)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      return undefined
    }
  }
  const isThere = (identity: CliIdentity): boolean => {
    const found = look()
    return found !== undefined && isSameCli(found, identity)
  }

  function open(identity: CliIdentity, { cli, findings }: Verified): Generation {
    // What is opened once the server stops would not be ended.
    closing.signal.throwIfAborted()
    const generation: Generation = openGeneration(
      config,
      identity,
      { cli, findings },
      {
        ...options,
        confirm() {
          if (isThere(identity)) return
          notice()
          throw new CliReplacedError('the binary is not the one that was verified')
        },
      },
    )
    generations.add(generation)
    return generation
  }

  /** Turns go to this generation from now on; the processes of the one before end as they are free. */
  function serveWith(generation: Generation): void {
    const previous = current
    current = generation
    become(generation.ready)
    if (previous !== undefined)
      track(
        'processes of a CLI that was replaced',
        previous.drain().then(() => generations.delete(previous)),
      )
  }

  const checkOf = ({ path }: CliIdentity): CliCheck =>
    createCliCheck({
      path,
      searchPath: config.searchPath,
      directory: options.temporaryDirectory,
      cache,
      atOnce: checksAtOnce(config.cores),
      pace: createPace(options.pace),
      clock,
      observer,
    })

  const verify = (check: CliCheck, identity: CliIdentity, reason: 'start' | 'replaced'): Promise<Decision> =>
    verifyCli(
      check,
      {
        path: identity.path,
        reason,
        changed: reason === 'start' ? become : replacedBy,
        isThere: () => isThere(identity),
        clock,
        observer,
      },
      closing.signal,
    )

  /** What is still unknown of the CLI is found out behind the turns that it serves. */
  function learn(check: CliCheck, { identity, findings }: Generation): void {
    const isServed = (): boolean => !following && current?.identity === identity
    const found = async (verified: Verified): Promise<void> => {
      const better = open(identity, verified)
      await better.warmedUp()
      serveWith(better)
    }
    track('capabilities', learnMore(check, { findings, isServed, found, clock, observer }, closing.signal))
  }

  async function begin(): Promise<ReadyCli> {
    for (;;) {
      const identity = identifyCli(wanted)
      const check = checkOf(identity)
      const decision = await verify(check, identity, 'start')
      if (decision.outcome === 'replaced') continue
      if (decision.outcome === 'refused') {
        become({ status: 'refused', path: identity.path, problem: decision.message })
        throw new GatewayError('cli_unavailable', decision.message)
      }
      const generation = open(identity, decision)
      serveWith(generation)
      learn(check, generation)
      lookNow()
      return generation.ready
    }
  }

  /** Verifies what stands in the place of the binary that serves, until it serves itself, or that one is back. */
  async function follow(served: Generation): Promise<void> {
    const goneMs = clock.nowMs()
    for (;;) {
      const identity = look()
      if (identity === undefined) {
        const problem = 'The Claude Code CLI is not there any more. Install it again or correct VIVAVOCE_CLAUDE_BIN.'
        const { path } = served.identity
        replacedBy({ status: 'verifying', reason: 'replaced', path, sinceMs: goneMs, attempt: 1, problem })
        await pause(clock, LOOK_AGAIN_MS, closing.signal)
        continue
      }
      if (isSameCli(identity, served.identity)) return replacedBy(undefined)
      const check = checkOf(identity)
      const decision = await verify(check, identity, 'replaced')
      if (decision.outcome === 'replaced') continue
      if (decision.outcome === 'refused') {
        replacedBy({ status: 'refused', path: identity.path, problem: decision.message })
        while (isThere(identity)) await pause(clock, LOOK_AGAIN_MS, closing.signal)
        continue
      }
      const generation = open(identity, decision)
      // Until its processes are up, those of the one before serve faster.
      await generation.warmedUp()
      serveWith(generation)
      learn(check, generation)
      return
    }
  }

  function notice(): void {
    if (following || current === undefined || closing.signal.aborted) return
    following = true
    const served = current
    observer.observe({ type: 'cli-replaced', path: served.identity.path, version: served.ready.version })
    track(
      'verification of a new CLI',
      follow(served).finally(() => (following = false)),
    )
  }

  function lookNow(): void {
    if (current !== undefined && !isThere(current.identity)) notice()
    if (!closing.signal.aborted) looking = clock.after(LOOK_EVERY_MS, lookNow)
  }

  /** Waits until something else is known of the CLI than that this generation is not the newest. */
  async function otherThan(generation: Generation, signal: AbortSignal): Promise<void> {
    using late = deadline(clock, config.VIVAVOCE_START_TIMEOUT_SECONDS * 1000)
    const waiting = AbortSignal.any([signal, closing.signal, late.signal])
    for (;;) {
      const replacement = current === generation && state.status === 'ready' ? state.replacement : undefined
      if (replacement === undefined) return
      if (replacement.status === 'refused' || late.signal.aborted) throw notServedError(replacement)
      await orAborted(changed.promise, waiting).catch((error: unknown) => {
        if (!isAbortOf(error, late.signal)) throw error
      })
    }
  }

  let beginning: Promise<ReadyCli> | undefined
  return {
    engine: {
      async *run(request, { signal }) {
        for (;;) {
          const generation = current
          if (generation === undefined) {
            if (state.status === 'ready') throw new Error('a CLI that is ready has a generation')
            throw notServedError(state)
          }
          try {
            yield* generation.engine.run(request, { signal })
            return
          } catch (error) {
            if (!(error instanceof CliReplacedError)) throw error
            await otherThan(generation, signal)
          }
        }
      },
    },
    get state() {
      return state
    },
    get gaps() {
      return current?.gaps ?? []
    },
    figures: () => current?.figures(),
    start: () => (beginning ??= begin()),
    async close() {
      closing.abort(new GatewayError('shutting_down', 'The server is stopping. Try again shortly.'))
      looking?.[Symbol.dispose]()
      await beginning?.catch(() => undefined)
      await Promise.all([...generations].map((generation) => generation.close()))
      while (work.size > 0) await Promise.all(work)
    },
  }
}
