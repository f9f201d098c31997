/** What is said, in the words of no API; the dialects put it into theirs. */

export type Message =
  | { readonly role: 'system' | 'user' | 'assistant'; readonly text: string }
  /** A function that was called; the text is its arguments, as JSON. */
  | { readonly role: 'call'; readonly name: string; readonly text: string }
  /** What came of the call before it. */
  | { readonly role: 'result'; readonly text: string }

/** The first message is the system prompt, the last one the question, or what came of a call. */
export type Conversation = readonly Message[]

/** What an answer may be besides text. */
export interface Offer {
  /** Names of functions that may be called; each takes a city. */
  readonly functions?: readonly string[]
  /** Whether the answer is to satisfy a schema: an object with a city. */
  readonly structured?: boolean
  /** Whether the gateway is asked for the answer in one piece. */
  readonly whole?: boolean
}

/** What the functions take, and what structured answers are. */
export const CITY = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const

export const system = (text: string): Message => ({ role: 'system', text })
export const user = (text: string): Message => ({ role: 'user', text })
export const assistant = (text: string): Message => ({ role: 'assistant', text })

/** The caller's own bytes: the texts alone, in UTF-8. */
export const bytesOf = (conversation: Conversation): number =>
  conversation.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
