import {
  systemClock,
  type Claim,
  type Clock,
  type Conversation,
  type ConversationName,
  type ConversationStore,
  type ConversationSummary,
} from '../../src/core/index.ts'

/** What stores have in common that are opened on the same. */
export interface KeptConversations {
  /** As text, so that nobody can change what is kept. */
  readonly texts: Map<string, string>
  readonly claims: Map<string, { readonly epoch: number; readonly untilMs: number }>
  epochs: number
}

export const nothingKept = (): KeptConversations => ({ texts: new Map(), claims: new Map(), epochs: 0 })

export interface MemoryConversationsOptions {
  /** By which claims run out. */
  readonly clock?: Clock
  /** Two stores may share it, as two gateways share a database. */
  readonly kept?: KeptConversations
}

const keyOf = ({ tenant, id }: ConversationName): string => JSON.stringify([tenant, id])

const parse = (text: string): Conversation => JSON.parse(text) as Conversation

function summaryOf(conversation: Conversation): ConversationSummary {
  const { turns: _, ...summary } = conversation
  return summary
}

/** In the order of a list: the newest turn first; the key parts those of one time. */
const positionOf = (one: ConversationSummary): string =>
  `${String(Number.MAX_SAFE_INTEGER - one.updatedAtMs).padStart(16, '0')} ${keyOf(one)}`

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const encodeCursor = (position: string): string => `m${Buffer.from(position).toString('base64url')}`

const decodeCursor = (cursor: string): string | undefined => {
  const position = Buffer.from(cursor.slice(1), 'base64url').toString()
  return encodeCursor(position) === cursor && /^\d{16} /.test(position) ? position : undefined
}

/** A `ConversationStore` as large as a test. */
export function createMemoryConversations({
  clock = systemClock,
  kept = nothingKept(),
}: MemoryConversationsOptions = {}): ConversationStore {
  const { texts, claims } = kept
  const isHeld = (key: string): boolean => (claims.get(key)?.untilMs ?? -Infinity) > clock.nowMs()
  const isOurs = (claim: Claim): boolean => claims.get(keyOf(claim))?.epoch === claim.epoch
  const read = (key: string): Conversation | undefined => {
    const text = texts.get(key)
    return text === undefined ? undefined : parse(text)
  }

  return {
    get: async (name) => read(keyOf(name)),
    async list(tenant, { limit, after }) {
      const from = after === undefined ? undefined : decodeCursor(after)
      const all = [...texts.values()]
        .map((text) => summaryOf(parse(text)))
        .filter((one) => one.tenant === tenant && (from === undefined || positionOf(one) > from))
        .toSorted((a, b) => compare(positionOf(a), positionOf(b)))
      const items = all.slice(0, limit)
      const last = items.at(-1)
      return { items, ...(last === undefined || all.length <= limit ? {} : { next: encodeCursor(positionOf(last)) }) }
    },
    async claim(name, { leaseMs }) {
      const key = keyOf(name)
      if (isHeld(key)) return undefined
      const claim = { tenant: name.tenant, id: name.id, epoch: ++kept.epochs }
      claims.set(key, { epoch: claim.epoch, untilMs: clock.nowMs() + leaseMs })
      return claim
    },
    async extend(claim, { leaseMs }) {
      if (!isOurs(claim)) return false
      claims.set(keyOf(claim), { epoch: claim.epoch, untilMs: clock.nowMs() + leaseMs })
      return true
    },
    async append(claim, turn) {
      const key = keyOf(claim)
      if (!isOurs(claim)) return false
      const turns = [...(read(key)?.turns ?? []), turn]
      const conversation: Conversation = {
        tenant: claim.tenant,
        id: claim.id,
        createdAtMs: (turns[0] ?? turn).askedAtMs,
        updatedAtMs: turn.answeredAtMs,
        turnCount: turns.length,
        agent: turn.agent,
        model: turn.model,
        turns,
      }
      texts.set(key, JSON.stringify(conversation))
      claims.delete(key)
      return true
    },
    async release(claim) {
      if (isOurs(claim)) claims.delete(keyOf(claim))
    },
    async delete(claim) {
      if (!isOurs(claim)) return undefined
      claims.delete(keyOf(claim))
      return texts.delete(keyOf(claim))
    },
    async deleteIdle({ updatedBeforeMs }) {
      const idle = [...texts].filter(([key, text]) => parse(text).updatedAtMs < updatedBeforeMs && !isHeld(key))
      for (const [key] of idle) texts.delete(key)
      return idle.length
    },
  }
}
