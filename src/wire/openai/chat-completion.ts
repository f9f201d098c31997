import type { TurnEnd } from '../../core/index.ts'
import type { AnswerHead } from './chat-stream.ts'
import { toFinishReason } from './finish-reason.ts'
import { encodeUsage } from './usage.ts'

/** A whole answer as one `chat.completion` (R54). */
export const encodeCompletion = (head: AnswerHead, end: TurnEnd) => ({
  id: head.id,
  object: 'chat.completion' as const,
  created: head.created,
  model: head.model,
  choices: [
    {
      index: 0,
      message: { role: 'assistant' as const, content: end.answer, refusal: null },
      logprobs: null,
      finish_reason: toFinishReason(end.reason),
    },
  ],
  usage: { ...encodeUsage(end.usage), ...(end.costUsd === undefined ? {} : { cost_usd: end.costUsd }) },
})
