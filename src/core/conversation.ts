import type { CliSession } from './turn.ts'

export interface ConversationTurn {
  readonly user: string
  readonly assistant: string
}

/** A named history that the gateway keeps. */
export interface Conversation {
  readonly id: string
  readonly turns: readonly ConversationTurn[]
  /** The CLI's session that holds the same turns, a cache of them: where it is lost, it is opened anew from the turns. */
  readonly session?: CliSession & {
    /** What the session was opened with; the CLI keeps the persona that it was given first. */
    readonly persona: string
  }
}
