export interface ConversationTurn {
  readonly user: string
  readonly assistant: string
}

/** Names one conversation: the names that one tenant gives are its own. */
export interface ConversationName {
  readonly tenant: string
  readonly id: string
}

/** A named history that the gateway keeps. */
export interface Conversation extends ConversationName {
  readonly turns: readonly ConversationTurn[]
}
