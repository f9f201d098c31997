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
import { createAnswer, createWatchdog, failByEvent, isSignOfLife, overrunError } from '../answer/index.ts'
import { failureOfExit, toPrompt, type PersonaMode, type Settings } from '../protocol/index.ts'
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

const settingsOf = ({ maxOutputTokens, reasoning = 'none' }: TurnRequest): Settings => ({ maxOutputTokens, reasoning })

const wantedOf = (request: TurnRequest, mode: PersonaMode): Wanted => ({
  ...toPrompt(request.history, { persona: request.agent.prompt, mode }),
  model: request.model,
  settings: settingsOf(request),
})

/** How far a turn came. */
interface Progress {
  /** The caller has heard a word of it. */
  said: boolean
  /** Its process was lost. */
  lost: boolean
}

/** A process that is lost tells no more than that; why it ended is known from its exit. */
const failureOfLoss = async ({ process }: Lease, cause: ProcessLostError): Promise<GatewayError> => {
  await process.stop('doubt')
  const { code, signal } = await process.exit
  return failureOfExit({ code, signal, why: cause.message, stderr: process.stderrTail }, process.stderrTail)
}

export function createWarmEngine(options: WarmEngineOptions): TurnEngine {
  const { pool, abilities, fresh, persona, fallback, clock, observer } = options

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
    let outcome: Outcome = { said: '', whole: false }
    try {
      const late = new AbortController()
      using watchdog = createWatchdog(request.limits, { clock, onOverrun: () => late.abort(new Error('overrun')) })
      const ended = AbortSignal.any([signal, late.signal])
      const answer = createAnswer({
        talker: true,
        structured: false,
        endAtLimit: true,
        stopTexts: request.stopTexts ?? [],
        nowMs: () => clock.nowMs(),
      })
      try {
        await process.perform(alignment.steps, { signal: ended })
        const steps = alignment.steps.map(({ type }) => type)
        observer.observe({
          type: 'turn-aligned',
          pid: process.pid,
          kind: alignment.kind,
          steps,
          ms: clock.nowMs() - startedMs,
          waitedMs,
        })
        for (;;) {
          const message = await process.next(ended)
          if (isSignOfLife(message)) watchdog.fed()
          const { text, end, failure } = answer.take(message)
          if (text !== '') {
            outcome = { said: outcome.said + text, whole: false }
            progress.said = true
            watchdog.rest()
            yield { type: 'text-delta', text }
            watchdog.fed()
          }
          if (failure !== undefined) {
            outcome = { said: '', whole: false }
            throw failure
          }
          if (end === undefined) continue
          outcome = { said: end.answer, whole: end.reason === 'end' && message.type === 'result' }
          // Before the end is told: at a limit the CLI would ask the model to go on.
          lease.release(outcome)
          yield end
          return
        }
      } catch (error) {
        if (watchdog.overrun === undefined || !isAbortOf(error, late.signal)) throw error
        // The CLI may hang for good, as it does when its connection drops in mid-stream: it is not asked to recover.
        outcome = { said: '', whole: false, lost: 'deadline' }
        throw overrunError(watchdog.overrun)
      }
    } catch (error) {
      if (!(error instanceof ProcessLostError)) throw error
      outcome = { said: '', whole: false, lost: 'doubt' }
      progress.lost = true
      throw await failureOfLoss(lease, error)
    } finally {
      lease.release(outcome)
    }
  }

  /** A process that is lost before a word was said costs nobody an answer: another one takes the turn, once. */
  async function* turn(request: TurnRequest, signal: AbortSignal): AsyncGenerator<TurnEvent, void, undefined> {
    const wanted = wantedOf(request, persona)
    const progress: Progress = { said: false, lost: false }
    try {
      yield* attempt(request, { wanted, progress, signal })
    } catch (error) {
      signal.throwIfAborted()
      if (progress.said || !progress.lost) throw error
      yield* attempt(request, { wanted, progress, signal })
    }
  }

  return {
    async *run(request, { signal }) {
      const { agent, outputSchema } = request
      const isServed =
        isTalker(agent) &&
        outputSchema === undefined &&
        align({ ...fresh, model: request.model }, wantedOf(request, persona), abilities) !== undefined
      if (!isServed) {
        observer.observe({ type: 'turn-aligned', kind: 'cold', steps: [], ms: 0, waitedMs: 0 })
        yield* fallback.run(request, { signal })
        return
      }
      yield* failByEvent(turn(request, signal), signal)
    },
  }
}
