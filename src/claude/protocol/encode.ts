/** What is written to the CLI's stdin: one JSON object a line. Source: `--input-format stream-json`, 2.1.197 to 2.1.330. */
import { randomUUID } from 'node:crypto'

const toLine = (message: object): string => `${JSON.stringify(message)}\n`

interface Identified {
  /** Must be fresh: a line whose uuid was used before is dropped without an answer. A later rewind names it. */
  readonly uuid: string
}

/**
 * What a user says. The CLI must take it as mere text: left alone it reads a file that the text names with `@` and runs a
 * command that it begins with `/`. The empty last block stops both on every known version, `client_composed` on new ones;
 * a process is moreover started with attachments switched off.
 */
const userMessage = (text: string, { uuid }: Identified): object => ({
  type: 'user',
  uuid,
  parent_tool_use_id: null,
  client_composed: true,
  message: {
    role: 'user',
    content: [
      { type: 'text', text },
      { type: 'text', text: '' },
    ],
  },
})

/** A question: the model is asked. */
export const encodeUserLine = (text: string, identified: Identified): string => toLine(userMessage(text, identified))

/** A user's message of an earlier turn: put into the transcript, and acknowledged by a result line. */
export const encodePastUserLine = (text: string, identified: Identified): string =>
  toLine({ ...userMessage(text, identified), shouldQuery: false })

/**
 * A user's message of an earlier turn, put into the transcript as it is read, without an acknowledgement: the CLI takes
 * it for what a command printed, which it tells the model as a user's message, word for word. Only newer versions do.
 */
export const encodeToldUserLine = (text: string): string =>
  toLine({ type: 'assistant', uuid: randomUUID(), local_command_source: text })

/** An answer of an earlier turn: put into the transcript as it is read, without an acknowledgement. */
export const encodePastAssistantLine = (text: string): string =>
  toLine({
    type: 'assistant',
    uuid: randomUUID(),
    parent_tool_use_id: null,
    message: {
      id: `msg_${randomUUID().replaceAll('-', '')}`,
      type: 'message',
      role: 'assistant',
      // Named after no model that is asked: it is not one's own words that are told here.
      model: 'claude-sonnet-4-5',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    },
  })

/**
 * A message that reaches no model, since it is blank, and yet precedes the first turn: 2.1.197 rewinds to nothing only
 * where something stands before it.
 */
export const encodeSentinelLine = (): string => encodePastAssistantLine(' ')

/** What stands before it is no longer part of the conversation. */
export const encodeBoundaryLine = (): string =>
  toLine({
    type: 'system',
    subtype: 'compact_boundary',
    compact_metadata: { trigger: 'manual', pre_tokens: 1 },
    uuid: randomUUID(),
    session_id: 'vivavoce',
  })

/** A control request; its answer carries `requestId`. */
export const encodeControlLine = (request: object, { requestId }: { readonly requestId: string }): string =>
  toLine({ type: 'control_request', request_id: requestId, request })

/** Our answer to a control request of the CLI: there is nothing that we do for it. */
export const encodeRefusalLine = (requestId: string): string =>
  toLine({
    type: 'control_response',
    response: { subtype: 'error', request_id: requestId, error: 'not supported' },
  })
