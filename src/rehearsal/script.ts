import { encodeSseEvent } from '../lib/index.ts'
import { errorBody } from './error-body.ts'
import type { MessageIdentity } from './events.ts'
import { replyEvents, replyMessage } from './events.ts'
import type { Answer, Reply, ReplyMishap } from './reply.ts'
import { countPieces } from './reply.ts'

/** What is done on the socket, one after the other. */
export type Step =
  | { readonly type: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'wait'; readonly ms: number }
  /** `isPiece`: with these bytes a whole piece of the reply has been written */
  | { readonly type: 'write'; readonly bytes: Uint8Array; readonly isPiece: boolean }
  | { readonly type: 'end' }
  /** the socket is destroyed */
  | { readonly type: 'drop' }
  /** nothing more until the client leaves */
  | { readonly type: 'silence' }

export interface Staging extends MessageIdentity {
  readonly isStreamed: boolean
  /** between pieces, where the answer is not directed otherwise */
  readonly paceMs: number
  /** before the first piece, likewise */
  readonly firstDeltaMs: number
}

type PieceMishap = Exclude<ReplyMishap, { readonly kind: 'hang' }>

/** Before a stream is dropped: clients let go of bytes that they find together with the end of the connection. */
const SETTLE_MS = 20
const MISHAP_STATUS = 529
const OVERLOADED = 'Overloaded'

/** The answer as steps. The last one is `end`, `drop` or `silence`. */
export function* scriptAnswer(answer: Answer, staging: Staging): Generator<Step> {
  if (answer.kind === 'refusal') {
    const retryAfter = answer.retryAfter === undefined ? {} : { 'retry-after': answer.retryAfter }
    return yield* whole(answer.status, errorBody(answer.status, answer.message, requestId(staging.number)), retryAfter)
  }
  const { reply, mishap, delivery } = answer
  const paced = {
    ...staging,
    paceMs: delivery.paceMs ?? staging.paceMs,
    firstDeltaMs: delivery.firstMs ?? staging.firstDeltaMs,
  }
  if (mishap?.kind === 'hang') return yield { type: 'silence' }
  if (mishap?.kind === 'drop' && mishap.afterPieces === 0) return yield { type: 'drop' }
  const steps = staging.isStreamed ? streamed(reply, mishap, paced) : unstreamed(reply, mishap, paced)
  for (const step of steps) yield* step.type === 'write' ? chunked(step, delivery.chunkBytes ?? Infinity) : [step]
}

/** The id of the request with this number; 0 stands for all that are not messages requests. */
export const requestId = (number: number): string => `req_rehearsal_${number}`

const write = (text: string, isPiece = false): Step => ({ type: 'write', bytes: Buffer.from(text), isPiece })

const head = (status: number, contentType: string, headers: Readonly<Record<string, string>> = {}): Step => ({
  type: 'head',
  status,
  headers: { 'content-type': contentType, ...headers },
})

function* whole(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Generator<Step> {
  yield head(status, 'application/json', headers)
  yield write(JSON.stringify(body))
  yield { type: 'end' }
}

function* streamed(reply: Reply, mishap: PieceMishap | undefined, staging: Staging): Generator<Step> {
  yield head(200, 'text/event-stream; charset=utf-8', { 'cache-control': 'no-cache' })
  let pieces = 0
  let awaited = mishap
  for (const { data, isPiece } of replyEvents(reply, staging)) {
    if (awaited !== undefined && isDue(awaited, pieces, data.type)) {
      if (yield* befall(awaited, staging)) return
      awaited = undefined
    }
    if (isPiece) yield { type: 'wait', ms: pieces === 0 ? staging.firstDeltaMs : staging.paceMs }
    yield write(encodeSseEvent(JSON.stringify(data), data.type), isPiece)
    if (isPiece) pieces += 1
  }
  yield { type: 'end' }
}

/** Whether the mishap comes before this event. A reply with fewer pieces than it waits for meets it at the end. */
const isDue = ({ afterPieces }: PieceMishap, pieces: number, event: string): boolean =>
  event !== 'message_start' && event !== 'ping' && (pieces >= afterPieces || event === 'message_delta')

/** Lets the mishap happen to a stream; tells whether the stream is over by it. */
function* befall(mishap: PieceMishap, staging: Staging): Generator<Step, boolean> {
  switch (mishap.kind) {
    case 'drop':
      yield { type: 'wait', ms: SETTLE_MS }
      yield { type: 'drop' }
      return true
    case 'stall':
      yield { type: 'silence' }
      return true
    case 'end':
      yield { type: 'end' }
      return true
    case 'error': {
      const body = errorBody(mishap.status ?? MISHAP_STATUS, mishap.message ?? OVERLOADED, requestId(staging.number))
      yield write(encodeSseEvent(JSON.stringify(body), 'error'))
      yield { type: 'end' }
      return true
    }
    case 'garbage':
      yield write(encodeSseEvent('{"type":"content_block_delta", oops', 'content_block_delta'))
      return false
  }
}

/** One body after the time that streaming it would take; a mishap befalls the middle of it, wherever it was asked for. */
function* unstreamed(reply: Reply, mishap: PieceMishap | undefined, staging: Staging): Generator<Step> {
  yield { type: 'wait', ms: staging.firstDeltaMs + staging.paceMs * Math.max(countPieces(reply.blocks) - 1, 0) }
  if (mishap?.kind === 'error') {
    const status = mishap.status ?? MISHAP_STATUS
    return yield* whole(status, errorBody(status, mishap.message ?? OVERLOADED, requestId(staging.number)))
  }
  const body = JSON.stringify(replyMessage(reply, staging))
  yield head(200, 'application/json')
  yield write(mishap === undefined ? body : body.slice(0, body.length / 2), mishap === undefined)
  if (mishap === undefined || mishap.kind === 'garbage') yield { type: 'end' }
  else yield* befall(mishap, staging)
}

function* chunked(step: Extract<Step, { type: 'write' }>, size: number): Generator<Step> {
  for (let at = 0; at < step.bytes.length; at += size) {
    const bytes = step.bytes.subarray(at, at + size)
    yield { ...step, bytes, isPiece: step.isPiece && at + size >= step.bytes.length }
  }
}
