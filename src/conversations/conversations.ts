/** Named conversations that the gateway keeps: one turn at a time each, nothing lost that was answered. */
import {
  collectTurn,
  type Clock,
  type Conversation,
  type ConversationName,
  type ConversationSummary,
  type Observer,
  type Page,
  type PageOptions,
  type TurnEngine,
  type TurnEvent,
} from '../core/index.ts'
import { createSerial } from '../lib/index.ts'
import { takeClaim } from './held-claim.ts'
import { keyOf } from './key.ts'
import { createRetention } from './retention.ts'
import { runTurn, type Say } from './run-turn.ts'
import { storeOnUse, type OpenStore } from './store-on-use.ts'

/**
 * Turns of one conversation run one after the other, here in the order they came, and on every other gateway of the store.
 * A turn that fails leaves no trace.
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

  async function* run(turn: Say, { delivers }: { readonly delivers: boolean }): AsyncGenerator<TurnEvent, void> {
    using _underWay = begin()
    yield* runTurn(turn, { engine, store, serial, clock, observer, delivers })
  }

  return {
    async say(turn) {
      const { answer } = await collectTurn(run(turn, { delivers: false }))
      return answer
    },
    stream: (turn) => run(turn, { delivers: true }),
    async get(name) {
      using _underWay = begin()
      return await store.get(name)
    },
    async list(tenant, options) {
      using _underWay = begin()
      return await store.list(tenant, options)
    },
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
