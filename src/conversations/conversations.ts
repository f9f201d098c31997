/** Named conversations that the gateway keeps: one turn at a time each, nothing lost that was answered. */
import { v5 as uuidV5 } from 'uuid'
import {
  collectTurn,
  type Agent,
  type CliSession,
  type CliSessions,
  type Conversation,
  type ConversationStore,
  type History,
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

export const sessionUuid = (id: string): string => uuidV5(id, NAMESPACE)

const asHistory = ({ turns }: Conversation): History =>
  turns.flatMap(({ user, assistant }) => [
    { role: 'user' as const, text: user },
    { role: 'assistant' as const, text: assistant },
  ])

export function createConversations({ engine, store, sessions }: ConversationsOptions): Conversations {
  const serial = createSerial()

  async function turn({ id, message, agent, model, limits, signal }: Say): Promise<string> {
    const kept: Conversation = (await store.get(id)) ?? { id, turns: [] }
    const open: CliSession = { uuid: sessionUuid(id), opened: false }
    const session = kept.session ?? open
    // A session that is opened anew is told everything so far; one that is resumed holds it.
    if (!session.opened) await sessions.forget(session.uuid)
    const history: History = [...(session.opened ? [] : asHistory(kept)), { role: 'user', text: message }]
    const end = await collectTurn(engine.run({ agent, model, history, limits, session }, { signal }))
    const next: CliSession = {
      uuid: session.uuid,
      opened: true,
      ...(end.sessionAt === undefined ? {} : { resumeAt: end.sessionAt }),
    }
    await store.put({ id, turns: [...kept.turns, { user: message, assistant: end.answer }], session: next })
    return end.answer
  }

  return {
    say: (request) => serial.run(request.id, () => turn(request), { signal: request.signal }),
    forget: (id, { signal }) =>
      serial.run(
        id,
        async () => {
          await sessions.forget(sessionUuid(id))
          return await store.delete(id)
        },
        { signal },
      ),
  }
}
