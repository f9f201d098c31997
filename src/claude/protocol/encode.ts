/** What is written to the CLI's stdin: one JSON object a line. Source: `--input-format stream-json`, 2.1.197 to 2.1.330. */
import { randomUUID } from 'node:crypto'
import type { Document } from '../../core/index.ts'
import { rawJson, writeJson, type RawJson } from '../../lib/index.ts'
import { blocksOf, type Block, type Content, type Turn } from './turn.ts'

const toLine = (message: object): string => `${JSON.stringify(message)}\n`

/** Only what is more than text may hold base64. */
const toUserLine = (message: object, { blocks }: Turn): string =>
  blocks === undefined ? toLine(message) : `${writeJson(message)}\n`

/** Base64 has nothing to be escaped, and looking at each of its characters takes long. */
const encodeBase64 = (base64: string): RawJson => rawJson(`"${base64}"`)

interface Identified {
  /** Must be fresh: a line whose uuid was used before is dropped without an answer. A later rewind names it. */
  readonly uuid: string
}

/** A function's name in the characters that the CLI and the model API take. */
export const toFunctionName = (name: string): string => name.replaceAll(/[^\w-]/g, '_')

/** The model's name of a client's function; the name of the tool server that offers it is part of it. */
export const toToolName = (name: string, server: string): string => `mcp__${server}__${toFunctionName(name)}`

/** The client's name of a function. */
export const fromToolName = (name: string): string => name.replace(/^mcp__[\da-f]{12}__/, '')

const encodeDocument = (document: Document): object => ({
  type: 'document',
  source:
    document.mediaType === 'text/plain'
      ? { type: 'text', media_type: document.mediaType, data: document.text }
      : { type: 'base64', media_type: document.mediaType, data: encodeBase64(document.base64) },
  ...(document.title === undefined ? {} : { title: document.title }),
})

const encodeContent = (content: Content): object => {
  switch (content.type) {
    case 'text':
      return { type: 'text', text: content.text }
    case 'document':
      return encodeDocument(content.document)
    case 'picture': {
      const { mediaType, base64 } = content.picture
      return { type: 'image', source: { type: 'base64', media_type: mediaType, data: encodeBase64(base64) } }
    }
  }
}

const encodeBlock = (block: Block, server: string): object => {
  switch (block.type) {
    case 'text':
    case 'picture':
    case 'document':
      return encodeContent(block)
    case 'call':
      return { type: 'tool_use', id: block.id, name: toToolName(block.name, server), input: block.input }
    case 'result':
      return { type: 'tool_result', tool_use_id: block.id, content: block.content.map(encodeContent) }
  }
}

/**
 * What a user says. The CLI must take it as mere text: left alone it reads a file that the text names with `@` and runs a
 * command that it begins with `/`. The empty last block stops both on every known version, `client_composed` on new ones;
 * a process is moreover started with attachments switched off.
 */
const userMessage = (turn: Turn, { uuid }: Identified, server: string): object => ({
  type: 'user',
  uuid,
  parent_tool_use_id: null,
  client_composed: true,
  message: {
    role: 'user',
    content: [...blocksOf(turn).map((block) => encodeBlock(block, server)), { type: 'text', text: '' }],
  },
})

/** What is said to the CLI, and the server that offers the functions named in it. */
export interface Saying extends Identified {
  readonly server?: string
}

/** A question: the model is asked. */
export const encodeUserLine = (turn: Turn, { server = '', ...identified }: Saying): string =>
  toUserLine(userMessage(turn, identified, server), turn)

/** A user's message of an earlier turn: put into the transcript, and acknowledged by a result line. */
export const encodePastUserLine = (turn: Turn, { server = '', ...identified }: Saying): string =>
  toUserLine({ ...userMessage(turn, identified, server), shouldQuery: false }, turn)

/**
 * A user's message of an earlier turn, put into the transcript as it is read, without an acknowledgement: the CLI takes
 * it for what a command printed, which it tells the model as a user's message, word for word. Only newer versions do, and
 * only for text.
 */
export const encodeToldUserLine = (text: string): string =>
  toLine({ type: 'assistant', uuid: randomUUID(), local_command_source: text })

/** An answer of an earlier turn: put into the transcript as it is read, without an acknowledgement. */
export const encodePastAssistantLine = (turn: Turn, { server = '' }: { readonly server?: string } = {}): string =>
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
      content: blocksOf(turn).map((block) => encodeBlock(block, server)),
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    },
  })

/**
 * A message that reaches no model, since it is blank, and yet precedes the first turn: 2.1.197 rewinds to nothing only
 * where something stands before it.
 */
export const encodeSentinelLine = (): string => encodePastAssistantLine({ role: 'assistant', text: ' ' })

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

/** Our answer to a message to one of our tool servers. */
export const encodeServerLine = (requestId: string, answer: object): string =>
  toLine({
    type: 'control_response',
    response: { subtype: 'success', request_id: requestId, response: { mcp_response: answer } },
  })
