/** One message of a history. A `developer` message is an instruction, like `system`. */
export interface Message {
  readonly role: 'system' | 'developer' | 'user' | 'assistant'
  readonly text: string
}

/** The messages that a turn answers, oldest first, as the client sent them. */
export type History = readonly Message[]
