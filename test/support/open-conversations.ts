/** Conversations on a scripted engine and a store in memory; two that share `kept` are two gateways of one store. */
import { createConversations, type Conversations } from '../../src/conversations/index.ts'
import type {
  Agent,
  ConversationName,
  ConversationStore,
  ConversationTurn,
  History,
  TurnEngine,
  TurnEvent,
} from '../../src/core/index.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { createMemoryConversations, nothingKept, type KeptConversations } from './memory-conversations.ts'
import { createRecordingObserver } from './recording-observer.ts'
import { createScriptedEngine, says, type Step } from './scripted-engine.ts'

type Say = Parameters<Conversations['say']>[0]

export const TURN_MS = 120_000
export const LEASE_MS = 15_000
/** How often a claim is extended, and one that another has is asked for. */
export const EXTEND_MS = 5000
export const TRY_MS = 100

export const talker: Agent = { name: 'conversational', description: 'd', prompt: 'Be kind.', tools: [] }
export const { signal } = new AbortController()

export const named = (id: string, tenant = 't'): ConversationName => ({ tenant, id })

export const turn = (id: string, message: string, rest: Partial<Say> = {}): Say => ({
  ...named(id),
  message,
  agent: talker,
  model: 'haiku',
  limits: { turnMs: TURN_MS },
  signal,
  ...rest,
})

export const echo = (heard: History): readonly Step[] => says(`answer to ${heard.at(-1)?.text}`)

/** The history of turns that were answered by `echo`, and of one more that is asked. */
export const asked = (...messages: readonly string[]): History =>
  messages
    .flatMap((said): History => [
      { role: 'user', text: said },
      { role: 'assistant', text: `answer to ${said}` },
    ])
    .slice(0, -1)

export interface OpenOptions {
  readonly kept?: KeptConversations
  readonly clock?: ManualClock
  /** By which claims run out, where it is not the gateway's own. */
  readonly storeClock?: ManualClock
  readonly ttlMs?: number
  /** Runs in place of the script. */
  readonly run?: TurnEngine['run']
  /** Puts something before the store. */
  readonly wrap?: (store: ConversationStore) => ConversationStore
}

export function openConversations(
  script: (heard: History, index: number) => readonly Step[] = echo,
  {
    kept = nothingKept(),
    clock = createManualClock(),
    storeClock = clock,
    ttlMs,
    run,
    wrap = (store) => store,
  }: OpenOptions = {},
) {
  const engine = createScriptedEngine(({ history }, index) => script(history, index))
  const observer = createRecordingObserver()
  const store = createMemoryConversations({ clock: storeClock, kept })
  let openings = 0
  const start = () =>
    createConversations({
      engine: run === undefined ? engine : { run },
      stores: async () => {
        openings++
        return { conversations: wrap(store) }
      },
      clock,
      observer,
      ttlMs,
    })
  const turnsOf = async (name: ConversationName): Promise<readonly ConversationTurn[]> =>
    (await store.get(name))?.turns ?? []
  return {
    engine,
    clock,
    observer,
    store,
    start,
    conversations: start(),
    /** The history of a run, by its index. */
    heard: (index: number): History | undefined => engine.runs.at(index)?.request.history,
    /** What is kept of a conversation: questions and answers. */
    said: async (name: ConversationName) => (await turnsOf(name)).map(({ user, assistant }) => [user, assistant]),
    turnsOf,
    openings: () => openings,
  }
}

/** All events of a stream, with what it throws at its end. */
export async function readEvents(
  events: AsyncIterable<TurnEvent>,
): Promise<{ readonly events: readonly TurnEvent[]; readonly thrown: unknown }> {
  const seen: TurnEvent[] = []
  try {
    for await (const event of events) seen.push(event)
    return { events: seen, thrown: undefined }
  } catch (thrown) {
    return { events: seen, thrown }
  }
}
