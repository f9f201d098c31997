/**
 * Follows one turn through the CLI's messages and says what leaves, how it ends, or why it failed. Pure: one message in,
 * one step out.
 */
import { GatewayError, NO_USAGE, type StopReason, type TurnEnd, type Usage } from '../../core/index.ts'
import { createStopText, wholeCharacters } from '../../lib/index.ts'
import { failureOfRetry, failureOfResult, type CliMessage, type CliResult, type CliRetry } from '../protocol/index.ts'

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

export function createAnswer({ talker, structured, endAtLimit, stopTexts, nowMs }: AnswerRules): Answer {
  const whole = wholeCharacters()
  const stop = createStopText(stopTexts)
  let asked = false
  let said = ''
  let paragraph = ''
  let requestUsage = NO_USAGE
  let usage = NO_USAGE
  let problem: string | undefined
  let sessionAt: string | undefined

  const brokenOff = (): Step => ({
    text: '',
    failure: new GatewayError('upstream_failed', 'The model API broke off its answer.'),
  })

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
    answer: said,
    ...(sessionAt === undefined ? {} : { sessionAt }),
    ...extra,
  })

  /** What was held back, when no more text comes. */
  const rest = (): string => say(stop.push(whole.flush()).text + stop.flush())

  const ofText = (piece: string): Step => {
    const { text, stopped } = stop.push(whole.push(piece))
    const leaves = say(text)
    if (!stopped) return { text: leaves }
    // The model is cut off before it counts its output, so that is estimated.
    return {
      text: leaves,
      end: end('stop-text', add(usage, { ...requestUsage, outputTokens: Math.ceil(said.length / CHARACTERS_A_TOKEN) })),
    }
  }

  const ofRetry = (retry: CliRetry): Step => {
    if (said !== '') return brokenOff()
    const failure = failureOfRetry(retry)
    return failure === undefined ? NOTHING : { text: '', failure }
  }

  const ofResult = (result: CliResult): Step => {
    if (result.isError) return { text: '', failure: failureOfResult(result, { problem, nowMs: nowMs(), details: {} }) }
    if (problem !== undefined) {
      return {
        text: '',
        failure: failureOfResult({ ...result, isError: true }, { problem, nowMs: nowMs(), details: {} }),
      }
    }
    if (!asked) {
      return {
        text: '',
        failure: new GatewayError('cli_failed', 'The Claude Code CLI answered without asking the model.', {
          details: { words: result.text },
        }),
      }
    }
    const total = isEmpty(result.usage) ? usage : result.usage
    const cost = result.costUsd === undefined ? {} : { costUsd: result.costUsd }
    if (structured) {
      if (result.structuredOutput === undefined) {
        return {
          text: '',
          failure: new GatewayError('output_invalid', 'The model did not produce an answer that satisfies the schema.'),
        }
      }
      const text = JSON.stringify(result.structuredOutput)
      return { text, end: end('end', total, { answer: text, ...cost }) }
    }
    // Text that came without deltas is in the result alone.
    const text = rest() + (said === '' ? say(result.text) : '')
    return { text, end: end('end', total, { ...(talker ? {} : { answer: result.text }), ...cost }) }
  }

  return {
    take(message) {
      switch (message.type) {
        case 'answer-start':
          if (talker && said !== '') return brokenOff()
          asked = true
          paragraph = ''
          requestUsage = message.usage
          return NOTHING
        case 'text':
          return structured ? NOTHING : ofText(message.text)
        case 'answer-end': {
          // The closing count holds the output; the opening one what was read.
          usage = add(usage, {
            ...requestUsage,
            outputTokens: message.usage.outputTokens,
            reasoningTokens: message.usage.reasoningTokens,
          })
          const reason = reasonOf(message.stopReason, endAtLimit)
          if (reason === undefined) return NOTHING
          const text = structured ? '' : rest()
          return { text, end: end(reason, usage) }
        }
        case 'assistant':
          if (message.problem === undefined) sessionAt = message.uuid ?? sessionAt
          else problem = message.problem
          return NOTHING
        case 'retry':
          return talker ? ofRetry(message) : NOTHING
        case 'result':
          return ofResult(message)
        case 'control-answer':
          return message.problem === undefined
            ? NOTHING
            : {
                text: '',
                failure: new GatewayError(
                  'cli_failed',
                  'The Claude Code CLI did not take the settings of the request.',
                  { details: { words: message.problem } },
                ),
              }
        case 'activity':
        case 'other':
          return NOTHING
      }
    },
  }
}
