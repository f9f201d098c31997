import type { Directions, Mishap } from './direction-settings.ts'
import type { MessagesRequest } from './messages-request.ts'
import { toFragments, toPieces } from './pieces.ts'
import type { Asked } from './prompt.ts'
import { answerText, dictatedText, toolAnswerText } from './said-text.ts'
import { readDirections } from './stage-directions.ts'
import type { Usage } from './token-count.ts'
import { countBeginningTokens, countInputTokens } from './token-count.ts'
import type { ToolCall } from './tool-calls.ts'
import { chooseCalls } from './tool-calls.ts'

export type ReplyBlock =
  | { readonly type: 'thinking'; readonly text: string }
  | { readonly type: 'text'; readonly pieces: readonly string[] }
  | { readonly type: 'tool-use'; readonly name: string; readonly pieces: readonly string[] }

/** One message of the model. Its pieces are its tokens and what mishaps are counted by; thinking is neither. */
export interface Reply {
  readonly blocks: readonly ReplyBlock[]
  readonly stopReason: string
  readonly stopSequence: string | null
  readonly usage: Usage
}

/** How a reply is sent, where it is directed to be sent otherwise than usual. */
type Delivery = Pick<Directions, 'paceMs' | 'firstMs' | 'chunkBytes'>

/** A mishap that befalls a reply that was begun, or never begins. */
export type ReplyMishap = Exclude<Mishap, { readonly kind: 'status' }>

export type Answer =
  | { readonly kind: 'refusal'; readonly status: number; readonly message: string; readonly retryAfter?: string }
  | { readonly kind: 'reply'; readonly reply: Reply; readonly delivery: Delivery; readonly mishap?: ReplyMishap }

/** What an answer depends on besides the request. */
export interface Circumstances {
  /** how many requests with the same prompt came before, and how many of them in the same round */
  readonly timesAsked: number
  readonly timesAskedInRound: number
  /** whether a request was seen whose messages are the beginning of this one's, and fewer */
  readonly isBeginningSeen: boolean
}

const THOUGHT = 'SECRET-THOUGHT'

/** Decides the whole answer to a request; the same request in the same circumstances has the same answer. */
export function decideAnswer(request: MessagesRequest, asked: Asked, circumstances: Circumstances): Answer {
  const read = readDirections(asked.prompt)
  if (!read.ok) return { kind: 'refusal', status: 400, message: read.problem }
  const directions = read.script.round(asked.round)
  const { mishap, failTimes = Infinity, countsInRound, paceMs, firstMs, chunkBytes } = directions
  const timesBefore = countsInRound ? circumstances.timesAskedInRound : circumstances.timesAsked
  const befalls = mishap !== undefined && timesBefore < failTimes
  if (befalls && mishap.kind === 'status') {
    const { status, message = `A rehearsed ${status}`, retryAfter } = mishap
    return { kind: 'refusal', status, message, ...(retryAfter !== undefined && { retryAfter }) }
  }
  const chosen = chooseCalls({ request, asked, directed: read.script.calls, text: read.text.trim() })
  if (!chosen.ok) return { kind: 'refusal', status: 400, message: chosen.problem }
  const text = directions.isEmpty ? '' : saidText(read.text, asked, chosen.calls)
  return {
    kind: 'reply',
    reply: toReply({ request, text, calls: chosen.calls, directions, circumstances }),
    delivery: {
      ...(paceMs !== undefined && { paceMs }),
      ...(firstMs !== undefined && { firstMs }),
      ...(chunkBytes !== undefined && { chunkBytes }),
    },
    ...(befalls && mishap.kind !== 'status' && { mishap }),
  }
}

/** Beside tool calls only a dictated text is said, and once. */
function saidText(prompt: string, asked: Asked, calls: readonly ToolCall[]): string {
  if (calls.length > 0) return asked.round === 0 ? (dictatedText(prompt) ?? '') : ''
  return asked.toolResults.length > 0 ? toolAnswerText(asked) : answerText(prompt, asked.earlier)
}

interface ReplyParts {
  readonly request: MessagesRequest
  readonly text: string
  readonly calls: readonly ToolCall[]
  readonly directions: Directions
  readonly circumstances: Circumstances
}

function toReply({ request, text, calls, directions, circumstances }: ReplyParts): Reply {
  const stopped = beforeStopSequence(text, request.stop_sequences ?? [])
  const whole: readonly ReplyBlock[] = [
    ...(directions.thinks ? [{ type: 'thinking', text: THOUGHT } as const] : []),
    ...(stopped.text === '' ? [] : [{ type: 'text', pieces: toPieces(stopped.text) } as const]),
    ...(stopped.sequence === null ? calls : []).map(
      ({ name, input }) => ({ type: 'tool-use', name, pieces: toFragments(input) }) as const,
    ),
  ]
  const limit = request.max_tokens ?? Infinity
  const blocks = withinTokens(whole, limit)
  const isCut = countPieces(whole) > limit
  const natural = isCut ? 'max_tokens' : stopped.sequence === null ? endOf(calls) : 'stop_sequence'
  const stopReason = directions.stopReason ?? natural
  const stopSequence = stopReason === 'stop_sequence' ? stopped.sequence : null
  return { blocks, stopReason, stopSequence, usage: toUsage(request, countPieces(blocks), directions, circumstances) }
}

const endOf = (calls: readonly ToolCall[]): string => (calls.length > 0 ? 'tool_use' : 'end_turn')

function beforeStopSequence(text: string, sequences: readonly string[]): { text: string; sequence: string | null } {
  const hits = sequences.filter((sequence) => sequence !== '' && text.includes(sequence))
  const sequence = hits.toSorted((a, b) => text.indexOf(a) - text.indexOf(b))[0] ?? null
  return { text: sequence === null ? text : text.slice(0, text.indexOf(sequence)), sequence }
}

const piecesOf = (block: ReplyBlock): number => (block.type === 'thinking' ? 0 : block.pieces.length)

/** How many pieces the blocks are sent in. */
export const countPieces = (blocks: readonly ReplyBlock[]): number =>
  blocks.reduce((sum, block) => sum + piecesOf(block), 0)

function withinTokens(blocks: readonly ReplyBlock[], limit: number): readonly ReplyBlock[] {
  let left = limit
  const kept: ReplyBlock[] = []
  for (const block of blocks) {
    if (left === 0) break
    kept.push(block.type === 'thinking' ? block : { ...block, pieces: block.pieces.slice(0, left) })
    left -= Math.min(piecesOf(block), left)
  }
  return kept
}

function toUsage(request: MessagesRequest, output: number, { usage }: Directions, seen: Circumstances): Usage {
  const beginning = usage === undefined ? countBeginningTokens(request) : 0
  return {
    input_tokens: usage?.inputTokens ?? countInputTokens(request),
    cache_creation_input_tokens: seen.isBeginningSeen ? 0 : beginning,
    cache_read_input_tokens: seen.isBeginningSeen ? beginning : 0,
    output_tokens: usage?.outputTokens ?? output,
  }
}
