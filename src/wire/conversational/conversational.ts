/** `POST /v1/conversational`: `{session_id, message, model?, stream?}` → `{session_id, reply}`, or the stream of it. */
import { z } from 'zod'
import { refuseLongText, type TurnEnd } from '../../core/index.ts'
import { parseFields } from '../problem.ts'

const MAX_ID_CHARACTERS = 256

const sessionId = z
  .string('a string is expected')
  .refine(
    // A character takes at most two units of UTF-16; a longer id is not taken apart.
    (id) => id !== '' && id.length <= 2 * MAX_ID_CHARACTERS && Array.from(id).length <= MAX_ID_CHARACTERS,
    `1 to ${MAX_ID_CHARACTERS} characters are expected`,
  )
  .refine((id) => id.isWellFormed(), 'whole Unicode characters are expected')

const body = z.object({
  session_id: sessionId,
  message: z.string('a string is expected').refine((text) => text.trim() !== '', 'a message must not be empty'),
  model: z.string('a string is expected').min(1, 'a model must be named').nullish(),
  stream: z.boolean('true or false is expected').nullish(),
})

/** Whether there can be a conversation of that name. */
export const isSessionId = (id: string): boolean => sessionId.safeParse(id).success

export interface ConversationalRequest {
  readonly sessionId: string
  readonly message: string
  readonly model: string | undefined
  readonly stream: boolean
}

/** @throws GatewayError `invalid_request` that names the field at fault. */
export function parseConversationalRequest(json: unknown): ConversationalRequest {
  const { session_id, message, model, stream } = parseFields(body, json)
  refuseLongText('message', message.length)
  return { sessionId: session_id, message, model: model ?? undefined, stream: stream ?? false }
}

export const encodeReply = ({ sessionId: id, reply }: { readonly sessionId: string; readonly reply: string }) => ({
  session_id: id,
  reply,
})

/** The objects of a reply that is streamed: its pieces, then the whole of it. */
export const createReplyEncoder = (id: string) => ({
  text: (delta: string) => [{ session_id: id, delta }],
  /** Nothing is offered to be called. */
  call: () => [],
  /** A conversation has an agent without tools. */
  tool: () => [],
  end: ({ answer }: TurnEnd) => [encodeReply({ sessionId: id, reply: answer })],
})
