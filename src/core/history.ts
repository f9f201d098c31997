/** A part of what is said, in the order in which it is said. */
export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'picture'; readonly picture: Picture }
  /** One that is still where its address says; `place` is where the request names it, for messages. */
  | { readonly type: 'linked-picture'; readonly url: string; readonly place: string }
  | { readonly type: 'document'; readonly document: Document }
  /** A file as the request carries it, not looked at yet; `place` is where the request names it, for messages. */
  | { readonly type: 'file'; readonly data: string; readonly name: string | undefined; readonly place: string }

/** A file as the model API takes it: a PDF in standard base64, or text. `title` is its name, where it has one. */
export type Document =
  | { readonly mediaType: 'application/pdf'; readonly base64: string; readonly title?: string }
  | { readonly mediaType: 'text/plain'; readonly text: string; readonly title?: string }

/** The forms of picture that the model API takes. */
export type PictureMediaType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'

/** A picture as a message carries it: standard base64 with its padding and nothing else in it. */
export interface Picture {
  readonly mediaType: PictureMediaType
  readonly base64: string
}

/** The model asks the client to run a function of its own. */
export interface FunctionCall {
  readonly id: string
  readonly name: string
  /** JSON text, as the model or the client wrote it. */
  readonly arguments: string
}

/** One message of a history. A `developer` message is an instruction, like `system`. */
export type Message =
  | { readonly role: 'system' | 'developer'; readonly text: string }
  | UserMessage
  | { readonly role: 'assistant'; readonly text: string; readonly calls?: readonly FunctionCall[] }
  | ToolMessage

export interface UserMessage {
  readonly role: 'user'
  /** All the text of it. */
  readonly text: string
  /** Where it is more than text: all of it. */
  readonly parts?: readonly Part[]
}

/** What came of a call. */
export interface ToolMessage {
  readonly role: 'tool'
  readonly callId: string
  readonly text: string
  readonly parts?: readonly Part[]
}

/** The messages that a turn answers, oldest first, as the client sent them. */
export type History = readonly Message[]
