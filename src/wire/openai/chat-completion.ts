import type { FunctionCall, TurnEnd } from '../../core/index.ts'
import type { AnswerHead } from './chat-stream.ts'
import { toFinishReason } from './finish-reason.ts'
import { encodeUsage } from './usage.ts'

const encodeCall = ({ id, name, arguments: json }: FunctionCall) => ({
  id,
  type: 'function' as const,
  function: { name, arguments: json },
})

/** Where there are calls, and no text before them, `content` is null. */
const encodeMessage = ({ answer, calls }: TurnEnd) => ({
  role: 'assistant' as const,
  content: calls !== undefined && answer === '' ? null : answer,
  refusal: null,
  ...(calls === undefined ? {} : { tool_calls: calls.map(encodeCall) }),
})

/** A whole answer as one `chat.completion` (R54). */
export const encodeCompletion = (head: AnswerHead, end: TurnEnd) => ({
  id: head.id,
  object: 'chat.completion' as const,
  created: head.created,
  model: head.model,
  choices: [
    {
      index: 0,
      message: encodeMessage(end),
      logprobs: null,
      finish_reason: toFinishReason(end.reason),
    },
  ],
  usage: encodeUsage(end),
})
