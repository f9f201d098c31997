/** Named conversations that the gateway keeps: one turn at a time each, nothing lost that was answered. */
import { createHash } from 'node:crypto'
import { v5 as uuidV5 } from 'uuid'
import {
  collectTurn,
  GatewayError,
  type Agent,
  type CliSession,
  type CliSessions,
  type Conversation,
  type ConversationStore,
  type History,
  type TurnEnd,
  type TurnEngine,
  type TurnLimits,
} from '../core/index.ts'
import { createSerial } from '../lib/index.ts'

/** Under it every name of a conversation has one UUID; the CLI takes no other form. */
const NAMESPACE = '6f1d5f0c-6d0a-5d38-9d5e-4f2c6b0f7a11'

export interface Say {
  readonly id: string
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
  forget(id: string, options: { readonly signal: AbortSignal }): Promise<boolean>
}

export interface ConversationsOptions {
  readonly engine: TurnEngine
  readonly store: ConversationStore
  readonly sessions: CliSessions
}

const sessionUuid = (id: string): string => uuidV5(id, NAMESPACE)

const personaOf = ({ name, prompt }: Agent): string => createHash('sha256').update(`${name}\n${prompt}`).digest('hex')

/** The CLI no longer has the session, or not the turn to resume at. */
const isLost = (error: unknown): boolean => error instanceof GatewayError && error.details['sessionLost'] === true

const asHistory = ({ turns }: Conversation): History =>
  turns.flatMap(({ user, assistant }) => [
    { role: 'user' as const, text: user },
    { role: 'assistant' as const, text: assistant },
  ])

export function createConversations({ engine, store, sessions }: ConversationsOptions): Conversations {
  const serial = createSerial()

  const ask = (
    { agent, model, message, limits, signal }: Say,
    session: CliSession,
    earlier: History,
  ): Promise<TurnEnd> =>
    collectTurn(
      engine.run({ agent, model, history: [...earlier, { role: 'user', text: message }], limits, session }, { signal }),
    )

  /** Asks in a session that holds nothing yet: it is told everything so far. */
  async function askAnew(turn: Say, kept: Conversation): Promise<TurnEnd> {
    const session: CliSession = { uuid: sessionUuid(turn.id), opened: false }
    await sessions.forget(session.uuid)
    return await ask(turn, session, asHistory(kept))
  }

  /** Asks in the session as it is kept; where the CLI has lost it, or holds another persona, in a new one. */
  async function askKept(turn: Say, kept: Conversation): Promise<TurnEnd> {
    if (kept.session?.persona !== personaOf(turn.agent)) return await askAnew(turn, kept)
    try {
      return await ask(turn, kept.session, [])
    } catch (error) {
      if (!isLost(error)) throw error
      return await askAnew(turn, kept)
    }
  }

  async function say(turn: Say): Promise<string> {
    const { id, message, agent } = turn
    const kept: Conversation = (await store.get(id)) ?? { id, turns: [] }
    const { answer, sessionAt, exitCode } = await askKept(turn, kept)
    if (answer === '') throw new GatewayError('no_answer', 'The model gave no answer.')
    const turns = [...kept.turns, { user: message, assistant: answer }]
    // A run that was stopped before its end may not have written its session; the next turn opens another.
    const session =
      exitCode === 0 && sessionAt !== undefined
        ? { uuid: sessionUuid(id), opened: true, persona: personaOf(agent), resumeAt: sessionAt }
        : undefined
    await store.put(session === undefined ? { id, turns } : { id, turns, session })
    return answer
  }

  async function forget(id: string): Promise<boolean> {
    await sessions.forget(sessionUuid(id))
    return await store.delete(id)
  }

  return {
    say: (turn) => serial.run(turn.id, () => say(turn), { signal: turn.signal }),
    forget: (id, { signal }) => serial.run(id, () => forget(id), { signal }),
  }
}
