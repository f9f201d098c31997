/** Named conversations that the gateway keeps: one turn at a time each, nothing lost that was answered. */
import {
  collectTurn,
  GatewayError,
  type Agent,
  type Conversation,
  type ConversationName,
  type ConversationStore,
  type History,
  type TurnEngine,
  type TurnLimits,
} from '../core/index.ts'
import { createSerial } from '../lib/index.ts'

export interface Say extends ConversationName {
  readonly message: string
  readonly agent: Agent
  readonly model: string
  readonly limits: TurnLimits
  readonly signal: AbortSignal
}

export interface Conversations {
  /**
   * One turn; resolves with the reply once the turn is stored. A turn that fails or is aborted leaves no trace.
   * Turns of one conversation run in the order they came.
   */
  say(turn: Say): Promise<string>
  /** Resolves to whether there was such a conversation. Waits for the turn under way. */
  forget(name: ConversationName, options: { readonly signal: AbortSignal }): Promise<boolean>
}

export interface ConversationsOptions {
  readonly engine: TurnEngine
  readonly store: ConversationStore
}

const keyOf = ({ tenant, id }: ConversationName): string => JSON.stringify([tenant, id])

const asHistory = ({ turns }: Conversation): History =>
  turns.flatMap(({ user, assistant }) => [
    { role: 'user' as const, text: user },
    { role: 'assistant' as const, text: assistant },
  ])

export function createConversations({ engine, store }: ConversationsOptions): Conversations {
  const serial = createSerial()

  async function say({ tenant, id, message, signal, ...turn }: Say): Promise<string> {
    const kept: Conversation = (await store.get({ tenant, id })) ?? { tenant, id, turns: [] }
    const history: History = [...asHistory(kept), { role: 'user', text: message }]
    const { answer } = await collectTurn(engine.run({ ...turn, tenant, history }, { signal }))
    if (answer.trim() === '') throw new GatewayError('no_answer', 'The model gave no answer.')
    await store.put({ ...kept, turns: [...kept.turns, { user: message, assistant: answer }] })
    return answer
  }

  return {
    say: (turn) => serial.run(keyOf(turn), () => say(turn), { signal: turn.signal }),
    forget: ({ tenant, id }, { signal }) =>
      serial.run(keyOf({ tenant, id }), () => store.delete({ tenant, id }), { signal }),
  }
}
