/** Answers talkers' turns on processes that are kept; everything else is the fallback's. */
import {
  isTalker,
  GatewayError,
  type Clock,
  type Observer,
  type TurnEngine,
  type TurnEvent,
  type TurnRequest,
} from '../../core/index.ts'
import { isAbortOf } from '../../lib/index.ts'
import {
  createAnswer,
  createWatchdog,
  failByEvent,
  isSignOfLife,
  overrunError,
  type Watchdog,
} from '../answer/index.ts'
import { failureOfExit, toPrompt, type PersonaMode } from '../protocol/index.ts'
import type { Abilities } from './abilities.ts'
import { align, type Held, type Wanted } from './align.ts'
import type { Lease, Outcome, Pool } from './pool.ts'
import { ProcessLostError } from './warm-process.ts'

export interface WarmEngineOptions {
  readonly pool: Pool
  readonly abilities: Abilities
  /** What a process that was just started holds. */
  readonly fresh: Held
  readonly persona: PersonaMode
  /** Answers what no kept process can: doers, answers to a schema. */
  readonly fallback: TurnEngine
  readonly clock: Clock
  readonly observer: Observer
}

const NOTHING_SAID: Outcome = { said: '', whole: false }

/** How far a turn came. */
interface Progress {
  /** The caller has heard a word of it. */
  said: boolean
  /** Its process was lost. */
  lost: boolean
  /** How it leaves its process. */
  outcome: Outcome
}

/** A process that is lost tells no more than that; why it ended is known from its exit. */
const failureOfLoss = async ({ process }: Lease, cause: ProcessLostError): Promise<GatewayError> => {
  await process.stop('doubt')
  const { code, signal } = await process.exit
  return failureOfExit({ code, signal, why: cause.message, stderr: process.stderrTail }, process.stderrTail)
}

export function createWarmEngine(options: WarmEngineOptions): TurnEngine {
  const { pool, abilities, fresh, persona, fallback, clock, observer } = options

  /** What the model says to the question that was asked, to its end. */
  async function* hear(
    { process, release }: Lease,
    { stopTexts = [] }: TurnRequest,
    {
      progress,
      watchdog,
      signal,
    }: { readonly progress: Progress; readonly watchdog: Watchdog; readonly signal: AbortSignal },
  ): AsyncGenerator<TurnEvent, void, undefined> {
    const answer = createAnswer({
      talker: true,
      structured: false,
      endAtLimit: true,
      stopTexts,
      nowMs: () => clock.nowMs(),
    })
    for (;;) {
      const message = await process.next(signal)
      if (isSignOfLife(message)) watchdog.fed()
      const { text, end, failure } = answer.take(message)
      if (text !== '') {
        progress.said = true
        progress.outcome = { said: progress.outcome.said + text, whole: false }
        watchdog.rest()
        yield { type: 'text-delta', text }
        watchdog.fed()
      }
      if (failure !== undefined) {
        progress.outcome = NOTHING_SAID
        throw failure
      }
      if (end === undefined) continue
      progress.outcome = { said: end.answer, whole: end.reason === 'end' && message.type === 'result' }
      // Before the end is told: at a limit the CLI would ask the model to go on.
      release(progress.outcome)
      yield end
      return
    }
  }

  /** One attempt on one process. */
  async function* attempt(
    request: TurnRequest,
    {
      wanted,
      progress,
      signal,
    }: { readonly wanted: Wanted; readonly progress: Progress; readonly signal: AbortSignal },
  ): AsyncGenerator<TurnEvent, void, undefined> {
    const startedMs = clock.nowMs()
    const lease = await pool.lease({ tenant: request.tenant, wanted, signal })
    const { process, alignment, waitedMs } = lease
    const late = new AbortController()
    using watchdog = createWatchdog(request.limits, { clock, onOverrun: () => late.abort(new Error('overrun')) })
    const ended = AbortSignal.any([signal, late.signal])
    try {
      await process.perform(alignment.steps, { signal: ended })
      observer.observe({
        type: 'turn-aligned',
        pid: process.pid,
        kind: alignment.kind,
        steps: alignment.steps.map(({ type }) => type),
        ms: clock.nowMs() - startedMs,
        waitedMs,
      })
      yield* hear(lease, request, { progress, watchdog, signal: ended })
    } catch (error) {
      if (watchdog.overrun !== undefined && isAbortOf(error, late.signal)) {
        // The CLI may hang for good, as it does when its connection drops in mid-stream: it is not asked to recover.
        progress.outcome = { ...NOTHING_SAID, lost: 'deadline' }
        throw overrunError(watchdog.overrun)
      }
      if (!(error instanceof ProcessLostError)) throw error
      progress.outcome = { ...NOTHING_SAID, lost: 'doubt' }
      progress.lost = true
      throw await failureOfLoss(lease, error)
    } finally {
      lease.release(progress.outcome)
    }
  }

  /** A process that is lost before a word was said costs nobody an answer: another one takes the turn, once. */
  async function* turn(
    request: TurnRequest,
    { wanted, signal }: { readonly wanted: Wanted; readonly signal: AbortSignal },
  ): AsyncGenerator<TurnEvent, void, undefined> {
    const progress: Progress = { said: false, lost: false, outcome: NOTHING_SAID }
    try {
      yield* attempt(request, { wanted, progress, signal })
    } catch (error) {
      signal.throwIfAborted()
      if (progress.said || !progress.lost) throw error
      progress.outcome = NOTHING_SAID
      yield* attempt(request, { wanted, progress, signal })
    }
  }

  /** What a kept process is wanted to hold; `undefined` where none can. */
  function wantedOf({
    agent,
    history,
    model,
    maxOutputTokens,
    reasoning = 'none',
    outputSchema,
  }: TurnRequest): Wanted | undefined {
    if (!isTalker(agent) || outputSchema !== undefined) return undefined
    const prompt = toPrompt(history, { persona: agent.prompt, mode: persona })
    const wanted = { ...prompt, model, settings: { maxOutputTokens, reasoning } }
    return align({ ...fresh, model }, wanted, abilities) === undefined ? undefined : wanted
  }

  return {
    async *run(request, { signal }) {
      const wanted = wantedOf(request)
      if (wanted !== undefined) {
        yield* failByEvent(turn(request, { wanted, signal }), signal)
        return
      }
      observer.observe({ type: 'turn-aligned', kind: 'cold', steps: [], ms: 0, waitedMs: 0 })
      yield* fallback.run(request, { signal })
    },
  }
}
