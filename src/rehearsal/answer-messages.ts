import { once } from 'node:events'
import type { Memory } from './memory.ts'
import { withoutCredentials } from './credentials.ts'
import type { Exchange, ReadRequest } from './exchange.ts'
import { headersOf } from './exchange.ts'
import { perform } from './perform.ts'
import { readAsked } from './prompt.ts'
import { decideAnswer } from './reply.ts'
import type { RequestLog } from './request-log.ts'
import { scriptAnswer } from './script.ts'

/** What the answers of one rehearsal share. */
export interface Stage {
  readonly log: RequestLog
  readonly memory: Memory
  readonly paceMs: number
  readonly firstDeltaMs: number
}

/** Answers one messages request and keeps its entry in the log up to date; resolves when its connection is done with it. */
export async function answerMessages(exchange: Exchange, { body, rawBody }: ReadRequest, stage: Stage): Promise<void> {
  const { request, response } = exchange
  const headers = withoutCredentials(request.headers)
  let entry = stage.log.add({ atMs: nowMs(), path: request.url ?? '', headers, body, rawBody })
  const asked = readAsked(body.messages)
  const answer = decideAnswer(body, asked, stage.memory.note(body.messages, asked))
  const steps = scriptAnswer(answer, {
    number: entry.number,
    model: body.model,
    isStreamed: body.stream === true,
    paceMs: stage.paceMs,
    firstDeltaMs: stage.firstDeltaMs,
  })

  const gone = new AbortController()
  if (response.closed) gone.abort()
  response.once('close', () => gone.abort())
  let piecesSent = 0
  const onPiece = (): void => {
    piecesSent += 1
    if (piecesSent > 1) return
    entry = { ...entry, piecesSent, firstPieceAtMs: nowMs() }
    stage.log.update(entry)
  }
  const isDropped = await perform(steps, response, { headers: headersOf(entry.number), gone: gone.signal, onPiece })
  if (!gone.signal.aborted) await once(gone.signal, 'abort')
  const state = isDropped || response.writableFinished ? 'finished' : 'closed-early'
  stage.log.update({ ...entry, piecesSent, state, closedAtMs: nowMs() })
}

/** Wall-clock time that does not jump, in the resolution of the monotonic clock. */
const nowMs = (): number => performance.timeOrigin + performance.now()
