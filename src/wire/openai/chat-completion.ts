import type { TurnEnd } from '../../core/index.ts'
import type { AnswerHead } from './chat-stream.ts'
import { encodeCallBody } from './custom-tools.ts'
import { toFinishReason } from './finish-reason.ts'
import { encodeUsage } from './usage.ts'

/** Where there are calls, and no text before them, `content` is null. */
const encodeMessage = ({ answer, calls }: TurnEnd, customNames: ReadonlySet<string>) => ({
  role: 'assistant' as const,
  content: calls !== undefined && answer === '' ? null : answer,
  refusal: null,
  ...(calls === undefined
    ? {}
    : { tool_calls: calls.map((call) => ({ id: call.id, ...encodeCallBody(call, customNames) })) }),
})

/** A whole answer as one `chat.completion` (R54). */
export const encodeCompletion = (head: AnswerHead, end: TurnEnd, customNames: ReadonlySet<string> = new Set()) => ({
  id: head.id,
  object: 'chat.completion' as const,
  created: head.created,
  model: head.model,
  choices: [
    {
      index: 0,
      message: encodeMessage(end, customNames),
      logprobs: null,
      finish_reason: toFinishReason(end.reason),
    },
  ],
  usage: encodeUsage(end),
})
