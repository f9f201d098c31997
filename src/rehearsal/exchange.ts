import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorBody } from './error-body.ts'
import type { MessagesRequest } from './messages-request.ts'
import { messagesRequestSchema } from './messages-request.ts'
import { requestId } from './script.ts'

/** Larger request bodies are refused with 413. */
const MAX_BODY_BYTES = 100_000_000

/** One HTTP request and the response to it. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Headers of every response; `number` is the messages request's, 0 for anything else. */
export const headersOf = (number: number): Readonly<Record<string, string>> => ({
  'x-rehearsal': '1',
  'request-id': requestId(number),
})

/** Answers with JSON and ends. */
export function sendJson({ response }: Exchange, status: number, body: object): void {
  response.writeHead(status, { ...headersOf(0), 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

/** Answers with an error in the API's form. */
export function sendError(exchange: Exchange, status: number, message: string): void {
  // What is left of the request is read and let go: a connection closed over unread bytes can lose the response.
  exchange.request.resume()
  sendJson(exchange, status, errorBody(status, message, requestId(0)))
}

export interface ReadRequest {
  readonly body: MessagesRequest
  readonly rawBody: string
}

/** Reads the body as a messages request. Where it is none, says so to the client and returns `undefined`. */
export async function readMessagesRequest(exchange: Exchange): Promise<ReadRequest | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of exchange.request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (bytes > MAX_BODY_BYTES) {
    sendError(exchange, 413, `The request is larger than ${MAX_BODY_BYTES} bytes.`)
    return undefined
  }
  const rawBody = Buffer.concat(chunks).toString()
  const read = messagesRequestSchema.safeParse(parseJson(rawBody))
  if (read.success) return { body: read.data, rawBody }
  const [issue] = read.error.issues
  sendError(
    exchange,
    400,
    `The body is no messages request: ${issue?.path.join('.')} ${issue?.message}`.replace('  ', ' '),
  )
  return undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
