/**
 * Follows one turn through the CLI's messages and says what leaves, how it ends, or why it failed. Pure: one message in,
 * one step out.
 */
import { GatewayError, NO_USAGE, type StopReason, type TurnEnd, type Usage } from '../../core/index.ts'
import { createStopText, wholeCharacters } from '../../lib/index.ts'
import { failureOfRetry, failureOfResult, type CliMessage, type CliResult } from '../protocol/index.ts'

export interface AnswerRules {
  /** A talker's turn is one model request; a doer's may be many, with tools between them. */
  readonly talker: boolean
  /** The answer is the value that a JSON Schema asks for; what is said around it is not part of it. */
  readonly structured: boolean
  /** An answer that meets its limit ends there; left alone the CLI would ask the model to go on. */
  readonly endAtLimit: boolean
  /** Texts at which the answer ends; none of them leaves. */
  readonly stopTexts: readonly string[]
  readonly nowMs: () => number
}

export interface Step {
  /** Text that leaves; `''` when none does. */
  readonly text: string
  readonly end?: TurnEnd
  readonly failure?: GatewayError
}

export interface Answer {
  take(message: CliMessage): Step
}

/** The model is at work: it began, says something, thinks or calls a tool. */
export const isSignOfLife = ({ type }: CliMessage): boolean =>
  type === 'text' || type === 'activity' || type === 'answer-start'

const CHARACTERS_A_TOKEN = 4

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

export function createAnswer({ talker, structured, endAtLimit, stopTexts, nowMs }: AnswerRules): Answer {
  const whole = wholeCharacters()
  const stop = createStopText(stopTexts)
  let asked = false
  /** All the text that left, and that of the message under way, or of the last one. */
  let said = ''
  let paragraph = ''
  /** A message has begun and not ended. */
  let open = false
  let requestUsage = NO_USAGE
  let usage = NO_USAGE
  let problem: string | undefined

  const say = (piece: string): string => {
    if (piece === '') return ''
    const text = said !== '' && paragraph === '' && !talker ? `\n\n${piece}` : piece
    paragraph += piece
    said += text
    return text
  }

  const end = (reason: StopReason, total: Usage, extra: Partial<TurnEnd> = {}): TurnEnd => ({
    type: 'turn-end',
    reason,
    usage: total,
    answer: talker ? said : paragraph,
    ...extra,
  })

  /** The message goes on where it must not: part of it has left, and it is begun again. */
  const isBrokenOff = (): boolean => said !== '' && (talker || (open && paragraph !== ''))
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
    const text = structured || open ? '' : rest()
    const reason = reasonOf(stopReason, endAtLimit)
    if (reason === undefined) return { text }
    return structured ? failed(noValue()) : { text, end: end(reason, usage) }
  }

  const noValue = (): GatewayError =>
    new GatewayError('output_invalid', 'The model did not produce an answer that satisfies the schema.')

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
      if (result.structuredOutput === undefined) return failed(noValue())
      const text = JSON.stringify(result.structuredOutput)
      return { text, end: end('end', total, { answer: text, ...cost }) }
    }
    return { text: rest(), end: end('end', total, cost) }
  }

  return {
    take(message) {
      switch (message.type) {
        case 'answer-start':
          if (isBrokenOff()) return brokenOff()
          asked = true
          open = true
          paragraph = ''
          requestUsage = message.usage
          return NOTHING
        case 'text':
          return structured ? NOTHING : ofText(message.text)
        case 'answer-end':
          return ofAnswerEnd(message)
        case 'assistant':
          problem = message.problem ?? problem
          return NOTHING
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
        case 'activity':
        case 'control-request':
        case 'other':
          return NOTHING
      }
    },
  }
}
