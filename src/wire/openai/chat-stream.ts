/** Turn events to `chat.completion.chunk` objects, in the order and form that clients rely on (R26 to R41). */
import type { TurnEnd } from '../../core/index.ts'
import { toFinishReason, type FinishReason } from './finish-reason.ts'
import { encodeUsage } from './usage.ts'

/** What all chunks of one answer share (R31). `created` is in seconds since the epoch. */
export interface AnswerHead {
  readonly id: string
  readonly created: number
  readonly model: string
}

interface Delta {
  readonly role?: 'assistant'
  readonly content?: string
}

/** One chunk with one choice. */
export const encodeChunk = (head: AnswerHead, delta: Delta, finishReason: FinishReason | null = null) => ({
  id: head.id,
  object: 'chat.completion.chunk' as const,
  created: head.created,
  model: head.model,
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
})

/** The chunk after the finish, where usage was asked for: without choices (R34). */
const encodeUsageChunk = (head: AnswerHead, end: TurnEnd) => ({
  id: head.id,
  object: 'chat.completion.chunk' as const,
  created: head.created,
  model: head.model,
  choices: [],
  usage: encodeUsage(end.usage),
})

export interface ChunkEncoder {
  text(text: string): readonly object[]
  end(end: TurnEnd): readonly object[]
}

/** Encodes one answer. The role travels with the first text and with no other (R29, R30). */
export function createChunkEncoder(
  head: AnswerHead,
  { includeUsage }: { readonly includeUsage: boolean },
): ChunkEncoder {
  let begun = false
  const content = (text: string) => {
    const delta: Delta = begun ? { content: text } : { role: 'assistant', content: text }
    begun = true
    return encodeChunk(head, delta)
  }
  return {
    text: (text) => [content(text)],
    end: (end) => [
      ...(begun ? [] : [content('')]),
      encodeChunk(head, {}, toFinishReason(end.reason)),
      ...(includeUsage ? [encodeUsageChunk(head, end)] : []),
    ],
  }
}
