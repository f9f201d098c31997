/** `POST /v1/conversational`: `{session_id, message, model?}` → `{session_id, reply}`. */
import { z } from 'zod'
import { invalidBody } from '../problem.ts'

const MAX_ID_CHARACTERS = 256

export const sessionId = z
  .string('a string is expected')
  .refine(
    (id) => id !== '' && Array.from(id).length <= MAX_ID_CHARACTERS,
    `1 to ${MAX_ID_CHARACTERS} characters are expected`,
  )
  .refine((id) => id.isWellFormed(), 'whole Unicode characters are expected')

const body = z.looseObject({
  session_id: sessionId,
  message: z.string('a string is expected').refine((text) => text.trim() !== '', 'a message must not be empty'),
  model: z.string('a string is expected').min(1, 'a model must be named').nullish(),
})

export interface ConversationalRequest {
  readonly sessionId: string
  readonly message: string
  readonly model: string | undefined
}

/** @throws GatewayError `invalid_request` that names the field at fault. */
export function parseConversationalRequest(json: unknown): ConversationalRequest {
  const parsed = body.safeParse(json)
  if (!parsed.success) throw invalidBody(parsed.error)
  const { session_id, message, model } = parsed.data
  return { sessionId: session_id, message, model: model ?? undefined }
}

export const encodeReply = ({ sessionId: id, reply }: { readonly sessionId: string; readonly reply: string }) => ({
  session_id: id,
  reply,
})
