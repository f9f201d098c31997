/** What is said, in the words of no API; the dialects put it into theirs. */

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly text: string
}

/** The first message is the system prompt, the last one the question. */
export type Conversation = readonly Message[]

export const system = (text: string): Message => ({ role: 'system', text })
export const user = (text: string): Message => ({ role: 'user', text })
export const assistant = (text: string): Message => ({ role: 'assistant', text })

/** The caller's own bytes: the texts alone, in UTF-8. */
export const bytesOf = (conversation: Conversation): number =>
  conversation.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
