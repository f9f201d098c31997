/** One turn of a conversation: in its order, under its claim, with all turns before it, stored before it is at its end. */
import {
  GatewayError,
  refuseLongConversation,
  type Agent,
  type ConversationName,
  type ConversationTurn,
  type History,
  type TurnEngine,
  type TurnEvent,
  type TurnLimits,
  type TurnWatch,
} from '../core/index.ts'
import { isAbortOf, type Serial } from '../lib/index.ts'
import { keyOf } from './key.ts'
import { takeClaim, type ClaimOptions, type HeldClaim } from './held-claim.ts'

export interface Say extends ConversationName {
  readonly message: string
  readonly agent: Agent
  readonly model: string
  readonly limits: TurnLimits
  readonly watch?: TurnWatch
  readonly signal: AbortSignal
}

export interface RunOptions extends ClaimOptions {
  readonly engine: TurnEngine
  readonly serial: Serial
  /** What is given is heard at once, and was heard when the caller leaves. */
  readonly delivers: boolean
}

const asHistory = (turns: readonly ConversationTurn[]): History =>
  turns.flatMap(({ user, assistant }) => [
    { role: 'user' as const, text: user },
    { role: 'assistant' as const, text: assistant },
  ])

/** Whether it is the caller who broke the turn off: our own stopping has a failure for its reason. */
const isCallers = ({ aborted, reason }: AbortSignal): boolean => !aborted || !(reason instanceof GatewayError)

type Answered = Pick<ConversationTurn, 'assistant'> &
  Partial<Pick<ConversationTurn, 'interrupted' | 'usage' | 'costUsd'>>

/** Its end comes once it is stored. A failure is thrown, an abort as the signal's reason. */
export async function* runTurn(say: Say, options: RunOptions): AsyncGenerator<TurnEvent, void> {
  const { message, signal, tenant, id, ...wanted } = say
  const { clock, store, serial, engine, observer, delivers } = options
  const askedAtMs = clock.nowMs()
  using place = await serial.enter(keyOf(say), { signal })
  await using claim: HeldClaim = await takeClaim(
    { tenant, id },
    { store, clock, observer, signal, waitMs: wanted.limits.turnMs },
  )
  const append = (answered: Answered): Promise<void> =>
    claim.append({
      user: message,
      interrupted: false,
      agent: wanted.agent.name,
      model: wanted.model,
      askedAtMs,
      answeredAtMs: clock.nowMs(),
      ...answered,
    })
  const kept = await store.get({ tenant, id })
  const history: History = [...asHistory(kept?.turns ?? []), { role: 'user', text: message }]
  refuseLongConversation(history)
  const running = AbortSignal.any([signal, claim.lost])
  running.throwIfAborted()
  let delivered = ''
  // While an event is given, only the caller ends the iteration.
  let isGiving = false
  let state: 'under-way' | 'failed' | 'stored' = 'under-way'
  try {
    for await (const event of engine.run({ ...wanted, tenant, history }, { signal: running })) {
      switch (event.type) {
        case 'text-delta':
          // What comes when nobody is there any more is not delivered.
          running.throwIfAborted()
          delivered += event.text
          isGiving = true
          yield event
          isGiving = false
          break
        case 'tool-use':
        case 'call-start':
        case 'call-delta':
          break
        case 'turn-end': {
          const { answer, reason, usage, costUsd } = event
          if (reason === 'refusal' && answer.trim() === '')
            throw new GatewayError('no_answer', 'The model declined to answer. Say it in another way.')
          if (!delivers) running.throwIfAborted()
          await append({ assistant: answer, usage, ...(costUsd === undefined ? {} : { costUsd }) })
          state = 'stored'
          // What is left of this turn is the process behind it, which the next one need not wait for.
          place[Symbol.dispose]()
          yield event
          break
        }
        case 'turn-failed':
          throw event.error
      }
    }
    if (state !== 'stored') throw new Error('the engine ended a turn without an end')
  } catch (error) {
    if (state === 'stored') {
      // It counts, whatever becomes of the process behind it.
      if (!isAbortOf(error, running)) observer.observe({ type: 'cleanup-failed', what: 'turn', error })
      return
    }
    if (!isGiving && !isAbortOf(error, signal)) state = 'failed'
    throw error
  } finally {
    if (delivers && state === 'under-way' && delivered.trim() !== '' && isCallers(signal))
      await append({ assistant: delivered, interrupted: true })
  }
}
