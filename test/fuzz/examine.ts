/** Plays a case, holds what comes against what may come, and takes it all down. */
import type { Agent } from 'node:http'
import type { Books } from './books.ts'
import { shortened, type FuzzCase } from './fuzz-case.ts'
import { judge, playFaults, type Fault } from './judge.ts'
import { play } from './play.ts'
import { unspeakableIn } from './unspeakable.ts'

export interface ExaminerOptions {
  readonly url: string
  readonly agent: Agent
  readonly books: Books
  /** What no reply may tell. */
  readonly secrets: readonly string[]
  /** Hears everything that is sent and comes. */
  readonly tell: ((line: string) => void) | undefined
}

/** No reply may take longer, whatever else is under way. */
const BOUND_MS = 30_000
const TOLD_CHARS = 3000

/** What a case sends, as it is told. */
const toldOf = ({ kind, play: played }: FuzzCase): string =>
  played.type === 'http'
    ? `${kind}: ${played.method} ${played.path} ${JSON.stringify(played.headers)}\n${shortened(Buffer.from(played.body ?? '').toString(), TOLD_CHARS)}`
    : `${kind}: ${shortened(played.pieces.map((piece) => (piece instanceof Uint8Array ? Buffer.from(piece).toString('latin1') : `${piece}`)).join(''), TOLD_CHARS)} [${played.end}]`

/** Examines the case of a number, and what it asks next. Never rejects. */
export function createExaminer({ url, agent, books, secrets, tell }: ExaminerOptions) {
  return async function examine(number: number, one: FuzzCase): Promise<void> {
    const violate = ({ what, detail }: Fault): void => books.violate({ what, detail, request: number, kind: one.kind })
    const atMs = Date.now()
    const played = await play(one, { url, agent, boundMs: BOUND_MS })
    books.took(one, number, Date.now() - atMs)
    tell?.(toldOf(one))
    for (const fault of playFaults(one, played)) violate(fault)
    if (played.replies.length === 0) books.unanswered(one)
    for (const [index, reply] of played.replies.entries()) {
      const due = one.due[index]
      if (due === undefined) continue
      const text = Buffer.from(reply.body).toString()
      tell?.(`${reply.status} ${JSON.stringify(reply.headers)}\n${shortened(text, TOLD_CHARS)}`)
      const verdict = judge(reply, due)
      books.take(one, reply.status, verdict)
      for (const fault of verdict.faults) violate(fault)
      for (const fault of unspeakableIn(text, { said: one.said, path: due.path, secrets })) violate(fault)
      const id = reply.headers['x-request-id']
      if (id !== undefined && !books.isNew(id)) violate({ what: 'an id of another request', detail: id })
      const next = reply.status < 300 && !reply.left ? one.next?.(reply) : undefined
      if (next !== undefined) await examine(number, next)
    }
  }
}
