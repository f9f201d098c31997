/** Answers talkers' turns on processes that are kept; everything else is the fallback's. */
import {
  isTalker,
  GatewayError,
  newId,
  shown,
  type Clock,
  type Observer,
  type TurnEnd,
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
import { callId, callStem, failureOfExit, isCutLater, missingFrom, type PersonaMode } from '../protocol/index.ts'
import type { Abilities } from './abilities.ts'
import { align, type Held, type Wanted } from './align.ts'
import type { Lease, Outcome, Pool } from './lease.ts'
import { toWanted, type WantedTurn } from './wanted.ts'
import { ProcessLostError } from './dialogue.ts'

export type FindAnswerFault = (
  answer: { readonly json: string; readonly schema: object },
  asker: { readonly tenant: string; readonly signal: AbortSignal },
) => Promise<string | undefined>

export interface WarmEngineOptions {
  readonly pool: Pool
  readonly abilities: Abilities
  /** What a process that was just started holds. */
  readonly fresh: Held
  readonly persona: PersonaMode
  /** What of that which a kept process can hold is left to it; all of it where absent. */
  readonly takes?: (wanted: Wanted) => boolean
  /** Why a response does not satisfy its schema; undefined where it does. */
  readonly findAnswerFault: FindAnswerFault
  /** Answers what no kept process can: doers. */
  readonly fallback: TurnEngine
  readonly clock: Clock
  readonly observer: Observer
}

const NOTHING_SAID: Outcome = { said: '', whole: false }

/** How far a turn came. */
interface Progress {
  /** The caller has heard of it: a word, or a call. */
  said: boolean
  /** Its process was lost. */
  lost: boolean
  /** How it leaves its process. */
  outcome: Outcome
}

/** The model has said all that it would. */
const isWhole = ({ reason }: TurnEnd): boolean => reason === 'end' || reason === 'stop-text'

/** What the model API takes as a property's name at the top of a schema. */
const PROPERTY_NAME = /^[\w.-]{1,64}$/

/** @throws GatewayError `invalid_request` where a function that was to be offered is not. */
function checkOffered(tools: readonly string[], { wanted: { functions }, answerName }: WantedTurn): void {
  const [missing] = missingFrom(tools, functions)
  if (missing === undefined) return
  const schema =
    missing.name === answerName
      ? 'response_format.json_schema.schema'
      : `tools[${functions.indexOf(missing)}].function.parameters`
  const { properties } = missing.parameters
  const name = Object.keys(Object(properties)).find((each) => !PROPERTY_NAME.test(each))
  const param = name === undefined ? schema : `${schema}.properties.${shown(name)}`
  const problem =
    name === undefined
      ? 'the model takes no such schema; send a JSON Schema of draft 2020-12'
      : 'the model does not take this name of a property; use 1 to 64 of the characters A-Z, a-z, 0-9, _, . and -'
  throw new GatewayError('invalid_request', `\`${param}\`: ${problem}.`, {
    param,
    details: { function: missing.name },
  })
}

const schemaUnmet = (problem: string): GatewayError =>
  new GatewayError('schema_unmet', 'The model did not produce an answer that satisfies the schema.', {
    details: { problem },
  })

/** @throws GatewayError `invalid_request`: a process of the turn's own is told the whole system prompt, but offers no functions. */
function refuseFunctions({ functions }: TurnRequest): void {
  if (functions === undefined || functions.choice === 'none') return
  throw new GatewayError(
    'invalid_request',
    '`messages`: the system message has a line that the Claude Code CLI takes for a mark of its own, and `tools` cannot be offered beside it. Change the line `__SYSTEM_PROMPT_DYNAMIC_BOUNDARY__`.',
    { param: 'messages' },
  )
}

/** A process that is lost tells no more than that; why it ended is known from its exit. */
const failureOfLoss = async ({ process }: Lease, cause: ProcessLostError): Promise<GatewayError> => {
  await process.stop('doubt')
  const { code, signal } = await process.exit
  return failureOfExit({ code, signal, why: cause.message, stderr: process.stderrTail }, process.stderrTail)
}

export function createWarmEngine(options: WarmEngineOptions): TurnEngine {
  const { pool, abilities, fresh, persona, takes = () => true, findAnswerFault, fallback, clock, observer } = options

  /** What the model says to the question that was asked, to its end. */
  async function* hear(
    { process, release }: Lease,
    { tenant, stopTexts = [], outputSchema, functions }: TurnRequest,
    {
      wanted,
      progress,
      watchdog,
      signal,
    }: {
      readonly wanted: WantedTurn
      readonly progress: Progress
      readonly watchdog: Watchdog
      readonly signal: AbortSignal
    },
  ): AsyncGenerator<TurnEvent, void, undefined> {
    const { answerName } = wanted
    const stem = callStem(newId(''))
    const calls = {
      newId: (index: number) => callId(stem, index),
      ...(answerName === undefined ? {} : { answerName }),
    }
    const answer = createAnswer({
      talker: true,
      structured: answerName !== undefined,
      ...(answerName === undefined && functions === undefined ? {} : { calls }),
      endAtLimit: true,
      stopTexts: answerName === undefined ? stopTexts : [],
      nowMs: () => clock.nowMs(),
    })
    for (;;) {
      const message = await process.next(signal)
      if (isSignOfLife(message)) watchdog.fed()
      if (message.type === 'turn-start') checkOffered(message.tools, wanted)
      const { text, call, end, failure } = answer.take(message)
      if (text !== '') {
        progress.said = true
        progress.outcome = { said: progress.outcome.said + text, whole: false }
        watchdog.rest()
        yield { type: 'text-delta', text }
        watchdog.fed()
      }
      if (call !== undefined) {
        progress.said = true
        watchdog.rest()
        yield call
        watchdog.fed()
      }
      if (failure !== undefined) {
        progress.outcome = NOTHING_SAID
        throw failure
      }
      if (end === undefined) continue
      // What was called comes back with what came of it.
      progress.outcome =
        end.reason === 'calls' ? NOTHING_SAID : { said: end.answer, whole: isWhole(end) && message.type === 'result' }
      // Before the end is sent: at a limit, and after an empty response, the CLI would ask the model again.
      release(progress.outcome)
      if (end.reason === 'end' && answerName !== undefined) {
        const problem = await findAnswerFault({ json: end.answer, schema: outputSchema ?? {} }, { tenant, signal })
        if (problem !== undefined) throw schemaUnmet(problem)
      }
      yield end
      return
    }
  }

  /** One attempt on one process. */
  async function* attempt(
    request: TurnRequest,
    {
      wanted: turn,
      progress,
      signal,
    }: { readonly wanted: WantedTurn; readonly progress: Progress; readonly signal: AbortSignal },
  ): AsyncGenerator<TurnEvent, void, undefined> {
    const startedMs = clock.nowMs()
    const { tenant, conversation } = request
    // A job waits for no first token, but not for ever either.
    const patienceMs = request.limits.firstTokenMs ?? request.limits.turnMs
    const lease = await pool.lease({ tenant, conversation, wanted: turn.wanted, patienceMs, signal })
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
      yield* hear(lease, request, { wanted: turn, progress, watchdog, signal: ended })
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
    { wanted, signal }: { readonly wanted: WantedTurn; readonly signal: AbortSignal },
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
  function wantedOf(request: TurnRequest): WantedTurn | undefined {
    if (!isTalker(request.agent)) return undefined
    const turn = toWanted(request, { persona })
    if (abilities.systemPrompt !== 'fixed' && isCutLater(turn.wanted.system)) {
      refuseFunctions(request)
      return undefined
    }
    const canHold = align({ ...fresh, model: request.model }, turn.wanted, abilities) !== undefined
    return canHold && takes(turn.wanted) ? turn : undefined
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
