/**
 * Follows one turn through the CLI's messages and says what leaves, how it ends, or why it failed. Pure: one message in,
 * one step out.
 */
import {
  GatewayError,
  NO_USAGE,
  type CallEvent,
  type StopReason,
  type ToolUseEvent,
  type TurnEnd,
  type Usage,
} from '../../core/index.ts'
import { createStopText, wholeCharacters } from '../../lib/index.ts'
import {
  failureOfRetry,
  failureOfResult,
  fromToolName,
  type AssistantMessage,
  type CliMessage,
  type CliResult,
} from '../protocol/index.ts'
import { createCallTrack, isReadable } from './call-track.ts'

export interface AnswerRules {
  /** A talker's turn is one model request; a doer's may be many, with tools between them. */
  readonly talker: boolean
  /** The answer is the value that a JSON Schema asks for; what is said around it is not part of it. */
  readonly structured: boolean
  /** Absent where what the model calls is not the client's affair. */
  readonly calls?: CallRules
  /** An answer that meets its limit ends there; left alone the CLI would ask the model to go on. */
  readonly endAtLimit: boolean
  /** Texts at which the answer ends; none of them leaves. */
  readonly stopTexts: readonly string[]
  readonly nowMs: () => number
}

export interface CallRules {
  /** The id of the turn's nth call. */
  readonly newId: (index: number) => string
  /** The function whose arguments are the answer, where that is to satisfy a schema; it is no call to the client. */
  readonly answerName?: string
}

export interface Step {
  /** Text that leaves; `''` when none does. */
  readonly text: string
  /** What leaves after the text. */
  readonly call?: CallEvent
  /** Tools that a doer uses from here on, after the text. */
  readonly toolUses?: readonly ToolUseEvent[]
  readonly end?: TurnEnd
  readonly failure?: GatewayError
}

export interface Answer {
  take(message: CliMessage): Step
}

/** The model is at work: it began, says something, thinks or calls a tool. */
export const isSignOfLife = ({ type }: CliMessage): boolean =>
  type === 'text' || type === 'activity' || type === 'answer-start' || type === 'call-start' || type === 'call-delta'

const CHARACTERS_A_TOKEN = 4

/** The tool by which the CLI takes the value that a JSON Schema asks for. */
const OUTPUT_TOOL = 'StructuredOutput'

const NOTHING: Step = { text: '' }

const add = (a: Usage, b: Usage): Usage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  reasoningTokens: a.reasoningTokens + b.reasoningTokens,
})

const isEmpty = (usage: Usage): boolean =>
  usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.outputTokens === 0

/** Stop reasons at which an answer is over, whatever the CLI would do next. */
const reasonOf = (stopReason: string | undefined, endAtLimit: boolean): StopReason | undefined => {
  if (stopReason === 'refusal') return 'refusal'
  return endAtLimit && (stopReason === 'max_tokens' || stopReason === 'model_context_window_exceeded')
    ? 'length'
    : undefined
}

const failed = (failure: GatewayError): Step => ({ text: '', failure })

const isBlank = (text: string): boolean => text.trim() === ''

/** At these the CLI asks the model again when no text came. */
const isAskedAgain = (stopReason: string | undefined): boolean =>
  stopReason === 'end_turn' || stopReason === 'stop_sequence'

export function createAnswer(rules: AnswerRules): Answer {
  const { talker, structured, calls: callRules, endAtLimit, stopTexts, nowMs } = rules
  const track = callRules === undefined ? undefined : createCallTrack(callRules)
  /** What the block under way is: a call to the client, the answer itself, or neither. */
  let block: 'call' | 'answer' | 'other' = 'other'
  let answered = false
  let whole = wholeCharacters()
  let stop = createStopText(stopTexts)
  let asked = false
  /** All the text that left, and that of the message under way, or of the last one. */
  let said = ''
  let paragraph = ''
  /** White space at the beginning of a message: it leaves with the text behind it, or not at all. */
  let lead = ''
  /** The model wrote text, also where that text is not part of the response. */
  let visible = false
  /** A message has begun and not ended. */
  let open = false
  let requestUsage = NO_USAGE
  let usage = NO_USAGE
  let problem: string | undefined

  const say = (piece: string): string => {
    const leaves = lead + piece
    lead = paragraph === '' && isBlank(leaves) ? leaves : ''
    if (lead !== '' || leaves === '') return ''
    const text = said !== '' && paragraph === '' && !talker ? `\n\n${leaves}` : leaves
    paragraph += leaves
    said += text
    return text
  }

  const end = (reason: StopReason, total: Usage, extra: Partial<TurnEnd> = {}): TurnEnd => ({
    type: 'turn-end',
    reason,
    usage: total,
    answer: talker ? said : paragraph,
    ...(track === undefined || track.calls.length === 0 ? {} : { calls: [...track.calls] }),
    ...extra,
  })
  const hasCalled = (): boolean => track !== undefined && track.calls.length > 0

  /** The message goes on where it must not: part of it has left, and it is begun again. */
  const isBrokenOff = (): boolean => hasCalled() || (said !== '' && (talker || (open && paragraph !== '')))
  const brokenOff = (): Step => failed(new GatewayError('upstream_failed', 'The model API broke off its answer.'))

  /** What was held back, when no more text of the message comes. */
  const rest = (): string => say(stop.push(whole.flush()).text + stop.flush())

  const ofText = (piece: string): Step => {
    const { text, stopped } = stop.push(whole.push(piece))
    const leaves = say(text)
    if (!stopped) return { text: leaves }
    // The model is cut off before it counts its output, so that is estimated.
    const outputTokens = Math.ceil(paragraph.length / CHARACTERS_A_TOKEN)
    return { text: leaves, end: end('stop-text', add(usage, { ...requestUsage, outputTokens })) }
  }

  const ofAnswerEnd = ({ stopReason, usage: counted }: Extract<CliMessage, { type: 'answer-end' }>): Step => {
    // The closing count holds the output; the opening one what was read.
    const { outputTokens, reasoningTokens } = counted
    usage = add(usage, { ...requestUsage, outputTokens, reasoningTokens })
    // A failure in mid-answer closes the message too, without a reason.
    open = stopReason === undefined
    const text = structured || open || hasCalled() ? '' : rest()
    if (stopReason === 'tool_use' && hasCalled()) return ofCalls()
    if (stopReason === 'tool_use' && answered) return { text, end: end('end', usage) }
    const reason = reasonOf(stopReason, endAtLimit)
    if (reason !== undefined) return { text, end: end(reason, usage) }
    if (!talker || visible || hasCalled() || answered || !isAskedAgain(stopReason)) return { text }
    // An empty response is a response: the CLI's second request would be one that nobody asked for.
    return structured ? failed(noValue()) : { text, end: end(stopReason === 'end_turn' ? 'end' : 'stop-text', usage) }
  }

  const ofCalls = (): Step =>
    track?.calls.every(isReadable)
      ? { text: '', end: end('calls', usage) }
      : failed(new GatewayError('upstream_failed', 'The model called a function in a way that cannot be read.'))

  const ofCallStart = (toolName: string): Step => {
    if (track === undefined) return NOTHING
    const name = fromToolName(toolName)
    const isAnswer = name === callRules?.answerName
    // The first call decides whether the model answers or has something done; what does not go with it is left out.
    block = isAnswer ? (hasCalled() || answered ? 'other' : 'answer') : answered ? 'other' : 'call'
    if (block === 'answer') answered = true
    return block === 'call' ? { text: structured ? '' : rest(), call: track.start(name) } : NOTHING
  }

  const ofCallDelta = (piece: string): Step => {
    if (block === 'answer') return { text: say(whole.push(piece)) }
    return called(block === 'call' ? track?.add(piece) : undefined)
  }

  const ofBlockEnd = (): Step => {
    const ended = block
    block = 'other'
    if (ended === 'answer') return { text: say(whole.flush()) }
    return called(ended === 'call' ? track?.finish() : undefined)
  }

  const called = (call: CallEvent | undefined): Step => (call === undefined ? NOTHING : { text: '', call })

  /** What a talker calls is the client's affair, and what takes an answer to a schema is no tool of the agent's. */
  const ofToolUses = ({ toolUses = [] }: AssistantMessage): Step => {
    const own = talker ? [] : toolUses.filter(({ name }) => name !== OUTPUT_TOOL)
    if (own.length === 0) return NOTHING
    return { text: rest(), toolUses: own.map(({ name, input }) => ({ type: 'tool-use', name, input })) }
  }

  const noValue = (): GatewayError =>
    new GatewayError('schema_unmet', 'The model did not produce an answer that satisfies the schema.')

  const ofResult = (result: CliResult): Step => {
    if (result.isError || problem !== undefined) {
      return failed(failureOfResult(result, { problem, nowMs: nowMs() }))
    }
    if (!asked) {
      return failed(new GatewayError('cli_failed', 'The Claude Code CLI answered without asking the model.'))
    }
    const total = isEmpty(result.usage) ? usage : result.usage
    const cost = result.costUsd === undefined ? {} : { costUsd: result.costUsd }
    if (structured) {
      if (callRules !== undefined || result.structuredOutput === undefined) return failed(noValue())
      const text = JSON.stringify(result.structuredOutput)
      return { text, end: end('end', total, { answer: text, ...cost }) }
    }
    const text = rest()
    return { text, end: end(result.stopReason === 'stop_sequence' ? 'stop-text' : 'end', total, cost) }
  }

  return {
    take(message) {
      switch (message.type) {
        case 'answer-start':
          if (isBrokenOff()) return brokenOff()
          asked = true
          open = true
          // Nothing of what was begun before has left, unless it is whole.
          whole = wholeCharacters()
          stop = createStopText(stopTexts)
          block = 'other'
          if (said === '') answered = false
          paragraph = ''
          lead = ''
          visible = false
          requestUsage = message.usage
          return NOTHING
        case 'text':
          visible ||= !isBlank(message.text)
          return structured || hasCalled() ? NOTHING : ofText(message.text)
        case 'call-start':
          return ofCallStart(message.name)
        case 'call-delta':
          return ofCallDelta(message.arguments)
        case 'block-end':
          return ofBlockEnd()
        case 'answer-end':
          return ofAnswerEnd(message)
        case 'assistant':
          problem = message.problem ?? problem
          return ofToolUses(message)
        case 'retry': {
          if (isBrokenOff()) return brokenOff()
          const failure = talker ? failureOfRetry(message) : undefined
          return failure === undefined ? NOTHING : failed(failure)
        }
        case 'result':
          return ofResult(message)
        case 'control-answer':
          if (message.problem === undefined) return NOTHING
          return failed(
            new GatewayError('cli_failed', 'The Claude Code CLI did not take the settings of the request.', {
              details: { words: message.problem },
            }),
          )
        case 'turn-start':
        case 'activity':
        case 'control-request':
        case 'other':
          return NOTHING
      }
    },
  }
}
