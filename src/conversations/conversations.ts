/** Named conversations that the gateway keeps: one turn at a time each, nothing lost that was answered. */
import {
  collectTurn,
  GatewayError,
  type Agent,
  type Clock,
  type Conversation,
  type ConversationName,
  type ConversationSummary,
  type ConversationTurn,
  type History,
  type Observer,
  type Page,
  type PageOptions,
  type TurnEngine,
  type TurnEvent,
  type TurnLimits,
} from '../core/index.ts'
import { createSerial, isAbortOf } from '../lib/index.ts'
import { takeClaim } from './held-claim.ts'
import { createRetention } from './retention.ts'
import { storeOnUse, type OpenStore } from './store-on-use.ts'

export interface Say extends ConversationName {
  readonly message: string
  readonly agent: Agent
  readonly model: string
  readonly limits: TurnLimits
  readonly signal: AbortSignal
}

/**
 * Turns of one conversation run in the order they came, here and on every other gateway of the store. A turn that fails
 * leaves no trace.
 */
export interface Conversations {
  /** One turn; resolves with the reply once the turn is stored. One that is aborted leaves no trace. */
  say(turn: Say): Promise<string>
  /**
   * One turn as it comes; its end comes once it is stored. What was given is counted as delivered: when the caller leaves in
   * mid-answer, by an abort whose reason is no GatewayError or by ending the iteration, that much is stored.
   */
  stream(turn: Say): AsyncIterable<TurnEvent>
  get(name: ConversationName): Promise<Conversation | undefined>
  /** Those of a tenant, the one with the newest turn first. */
  list(tenant: string, options: PageOptions): Promise<Page<ConversationSummary>>
  /** Resolves to whether there was such a conversation. Waits for the turn under way. */
  forget(name: ConversationName, options: { readonly signal: AbortSignal }): Promise<boolean>
  /** Waits for all that is under way; whoever calls it has aborted the turns. */
  close(): Promise<void>
}

export interface ConversationsOptions {
  readonly engine: TurnEngine
  readonly stores: OpenStore
  readonly clock: Clock
  readonly observer: Observer
  /** How long a conversation is kept after its last turn; absent: until it is forgotten. */
  readonly ttlMs?: number | undefined
}

const keyOf = ({ tenant, id }: ConversationName): string => JSON.stringify([tenant, id])

const asHistory = (turns: readonly ConversationTurn[]): History =>
  turns.flatMap(({ user, assistant }) => [
    { role: 'user' as const, text: user },
    { role: 'assistant' as const, text: assistant },
  ])

/** Whether it is the caller who broke the turn off: our own stopping has a failure for its reason. */
const isCallers = ({ aborted, reason }: AbortSignal): boolean => !aborted || !(reason instanceof GatewayError)

export function createConversations({ engine, stores, clock, observer, ttlMs }: ConversationsOptions): Conversations {
  const serial = createSerial()
  const store = storeOnUse(stores, () => retention.used())
  const retention = createRetention({ store, ttlMs, clock, observer })
  const underWay = new Set<Promise<void>>()

  function begin(): Disposable {
    const over = Promise.withResolvers<void>()
    underWay.add(over.promise)
    return {
      [Symbol.dispose]() {
        underWay.delete(over.promise)
        over.resolve()
      },
    }
  }

  /** `delivers`: what is given is heard at once, and was heard when the caller leaves. */
  async function* run(
    { tenant, id, message, signal, ...rest }: Say,
    { delivers }: { readonly delivers: boolean },
  ): AsyncGenerator<TurnEvent, void> {
    using _underWay = begin()
    const askedAtMs = clock.nowMs()
    using place = await serial.enter(keyOf({ tenant, id }), { signal })
    await using claim = await takeClaim({ tenant, id }, { store, clock, observer, signal, waitMs: rest.limits.turnMs })
    const history: History = [
      ...asHistory((await store.get({ tenant, id }))?.turns ?? []),
      { role: 'user', text: message },
    ]
    const running = AbortSignal.any([signal, claim.lost])
    running.throwIfAborted()
    const append = (assistant: string, answered: Partial<ConversationTurn>): Promise<void> =>
      claim.append({
        user: message,
        assistant,
        interrupted: false,
        agent: rest.agent.name,
        model: rest.model,
        askedAtMs,
        answeredAtMs: clock.nowMs(),
        ...answered,
      })
    let delivered = ''
    let state: 'under-way' | 'failed' | 'stored' = 'under-way'
    // While an event is given, only the caller ends the iteration.
    let isGiving = false
    try {
      for await (const event of engine.run({ ...rest, tenant, history }, { signal: running })) {
        switch (event.type) {
          case 'text-delta':
            // What was not asked for by anybody who is still there was not delivered.
            running.throwIfAborted()
            delivered += event.text
            isGiving = true
            yield event
            isGiving = false
            break
          case 'call-start':
          case 'call-delta':
            break
          case 'turn-end': {
            const { answer, usage, costUsd } = event
            if (answer.trim() === '') throw new GatewayError('no_answer', 'The model gave no answer.')
            if (!delivers) running.throwIfAborted()
            await append(answer, { usage, ...(costUsd === undefined ? {} : { costUsd }) })
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
        await append(delivered, { interrupted: true })
    }
  }

  return {
    async say(turn) {
      const { answer } = await collectTurn(run(turn, { delivers: false }))
      return answer
    },
    stream: (turn) => run(turn, { delivers: true }),
    get: store.get,
    list: store.list,
    async forget(name, { signal }) {
      using _underWay = begin()
      using _place = await serial.enter(keyOf(name), { signal })
      await using claim = await takeClaim(name, { store, clock, observer, signal, waitMs: Infinity })
      return await claim.remove()
    },
    async close() {
      while (underWay.size > 0) await Promise.all(underWay)
      await retention.close()
    },
  }
}
