/** Turn events to `chat.completion.chunk` objects, in the order and form that clients rely on (R26 to R41). */
import type { CallEvent, TurnEnd } from '../../core/index.ts'
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
  /** One call a chunk: clients read no more of it (R42). */
  readonly tool_calls?: readonly [CallDelta]
}

/** Id, type and name come together, and once (R44). */
interface CallDelta {
  readonly index: number
  readonly id?: string
  readonly type?: 'function'
  readonly function: { readonly name?: string; readonly arguments: string }
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
  usage: encodeUsage(end),
})

export interface ChunkEncoder {
  text(text: string): readonly object[]
  call(event: CallEvent): readonly object[]
  tool(name: string): readonly object[]
  end(end: TurnEnd): readonly object[]
}

/** Encodes one answer. The role travels with the first text or call and with no other (R29, R30). */
export function createChunkEncoder(
  head: AnswerHead,
  { includeUsage }: { readonly includeUsage: boolean },
): ChunkEncoder {
  let begun = false
  let lastIndex = -1
  const chunk = (delta: Delta) => {
    const whole: Delta = begun ? delta : { role: 'assistant', ...delta }
    begun = true
    return encodeChunk(head, whole)
  }
  const callDelta = (event: CallEvent): CallDelta =>
    event.type === 'call-start'
      ? { index: ++lastIndex, id: event.id, type: 'function', function: { name: event.name, arguments: '' } }
      : { index: lastIndex, function: { arguments: event.arguments } }
  return {
    text: (text) => [chunk({ content: text })],
    call: (event) => [chunk({ tool_calls: [callDelta(event)] })],
    // An empty delta with a field of ours: no client trips over it, and code that wants to can read it.
    tool: (name) => [{ ...chunk(begun ? {} : { content: '' }), vivavoce: { tool: name } }],
    end: (end) => [
      ...(begun ? [] : [chunk({ content: '' })]),
      encodeChunk(head, {}, toFinishReason(end.reason)),
      ...(includeUsage ? [encodeUsageChunk(head, end)] : []),
    ],
  }
}
