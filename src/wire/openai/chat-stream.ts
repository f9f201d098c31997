/** Turn events to `chat.completion.chunk` objects, in the order and form that clients rely on (R26 to R41). */
import type { CallEvent, TurnEnd } from '../../core/index.ts'
import { decodeCustomInput } from './custom-tools.ts'
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
type CallDelta = {
  readonly index: number
  readonly id?: string
} & (
  | { readonly type?: 'function'; readonly function: { readonly name?: string; readonly arguments: string } }
  | { readonly type?: 'custom'; readonly custom: { readonly name?: string; readonly input: string } }
)

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
  {
    includeUsage,
    customNames = new Set(),
  }: { readonly includeUsage: boolean; readonly customNames?: ReadonlySet<string> },
): ChunkEncoder {
  let begun = false
  let lastIndex = -1
  /** The arguments so far of a custom tool's call: its input is known when they are whole. */
  let customArguments: string | undefined
  const chunk = (delta: Delta) => {
    const whole: Delta = begun ? delta : { role: 'assistant', ...delta }
    begun = true
    return encodeChunk(head, whole)
  }
  const callChunk = (delta: CallDelta) => chunk({ tool_calls: [delta] })
  function endCustom(): readonly object[] {
    if (customArguments === undefined) return []
    const input = decodeCustomInput(customArguments)
    customArguments = undefined
    return input === '' ? [] : [callChunk({ index: lastIndex, custom: { input } })]
  }
  function startCall({ id, name }: Extract<CallEvent, { type: 'call-start' }>): readonly object[] {
    const ended = endCustom()
    const index = ++lastIndex
    if (!customNames.has(name)) {
      return [...ended, callChunk({ index, id, type: 'function', function: { name, arguments: '' } })]
    }
    customArguments = ''
    return [...ended, callChunk({ index, id, type: 'custom', custom: { name, input: '' } })]
  }
  return {
    text: (text) => [chunk({ content: text })],
    call(event) {
      if (event.type === 'call-start') return startCall(event)
      if (customArguments === undefined)
        return [callChunk({ index: lastIndex, function: { arguments: event.arguments } })]
      customArguments += event.arguments
      return []
    },
    // An empty delta with a field of ours: no client trips over it, and code that wants to can read it.
    tool: (name) => [{ ...chunk(begun ? {} : { content: '' }), vivavoce: { tool: name } }],
    end: (end) => [
      ...endCustom(),
      ...(begun ? [] : [chunk({ content: '' })]),
      encodeChunk(head, {}, toFinishReason(end.reason)),
      ...(includeUsage ? [encodeUsageChunk(head, end)] : []),
    ],
  }
}
