/** What a client is to hear: the rehearsal's reply to the very request that it was sent, as far as the client asked for it. */
import type { RehearsedRequest } from '../../src/rehearsal/index.ts'
import { readAsked } from '../../src/rehearsal/prompt.ts'
import { decideAnswer } from '../../src/rehearsal/reply.ts'

export interface ExpectedReply {
  /** All that the model says when nothing goes wrong. */
  readonly text: string
  /** It is cut by the limit on its length. */
  readonly isCut: boolean
  /** Something goes wrong with it, so there may be no answer; a whole answer still is this one. */
  readonly mayFail: boolean
}

const USUAL = ['end_turn', 'max_tokens']

export function expectedReply({ body }: Pick<RehearsedRequest, 'body'>): ExpectedReply {
  const decide = (times: number) =>
    decideAnswer(body, readAsked(body.messages), {
      timesAsked: times,
      timesAskedInRound: times,
      isBeginningSeen: false,
    })
  const first = decide(0)
  const goesWrong = first.kind === 'refusal' || first.mishap !== undefined
  // What befalls only the first requests is over by then.
  const answer = decide(Number.MAX_SAFE_INTEGER)
  if (answer.kind === 'refusal') return { text: '', isCut: false, mayFail: true }
  const { blocks, stopReason } = answer.reply
  const text = blocks.flatMap((block) => (block.type === 'text' ? block.pieces : [])).join('')
  return {
    text,
    isCut: stopReason === 'max_tokens',
    mayFail: goesWrong || !USUAL.includes(stopReason) || text.trim() === '',
  }
}

/** The text before that stop text which is complete first, of two the longer; `undefined` where none is in it. */
export function beforeStop(text: string, stops: readonly string[]): string | undefined {
  let best: { readonly from: number; readonly to: number } | undefined
  for (const stop of stops) {
    const from = text.indexOf(stop)
    if (from < 0) continue
    const to = from + stop.length
    if (best === undefined || to < best.to || (to === best.to && from < best.from)) best = { from, to }
  }
  return best === undefined ? undefined : text.slice(0, best.from)
}
