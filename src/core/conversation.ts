import type { Usage } from './usage.ts'

/** One question and its answer, as they are kept. Times are milliseconds since the epoch. */
export interface ConversationTurn {
  /** As it was sent. */
  readonly user: string
  /** As it was delivered. */
  readonly assistant: string
  /** The caller left in mid-answer: the rest of it was never heard. */
  readonly interrupted: boolean
  readonly agent: string
  readonly model: string
  /** Absent where the turn was interrupted before the model counted. */
  readonly usage?: Usage
  readonly costUsd?: number
  readonly askedAtMs: number
  readonly answeredAtMs: number
}

/** Names one conversation: the names that one tenant gives are its own. */
export interface ConversationName {
  readonly tenant: string
  readonly id: string
}

/** What is known of a conversation without reading it. One without a turn does not exist. */
export interface ConversationSummary extends ConversationName {
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly turnCount: number
  /** Of the last turn. */
  readonly agent: string
  readonly model: string
}

/** A named history that the gateway keeps. */
export interface Conversation extends ConversationSummary {
  readonly turns: readonly ConversationTurn[]
}
