import type { Usage } from '../../core/index.ts'
import type { ServerMessage } from './tool-server.ts'

/** What one line of the CLI's stdout says, as far as we use it. Source: `--output-format stream-json`, 2.1.197 to 2.1.330. */
export type CliMessage =
  /** A question is taken up; `tools` are those that the model will be offered. */
  | { readonly type: 'turn-start'; readonly tools: readonly string[] }
  /** The model began an answer: once for each model request. */
  | { readonly type: 'answer-start'; readonly usage: Usage }
  | { readonly type: 'text'; readonly text: string }
  /** The model begins to call something, by its name of it. */
  | { readonly type: 'call-start'; readonly name: string }
  /** A piece of the JSON text of a call's arguments. */
  | { readonly type: 'call-delta'; readonly arguments: string }
  /** A text, a thought or a call is whole. */
  | { readonly type: 'block-end' }
  /** The model thinks, or a sub-agent is at work: a sign of life, nothing to relay. */
  | { readonly type: 'activity' }
  | { readonly type: 'answer-end'; readonly stopReason: string | undefined; readonly usage: Usage }
  | AssistantMessage
  | CliRetry
  | CliResult
  | ControlAnswer
  /** The CLI asks something of us. */
  | {
      readonly type: 'control-request'
      readonly requestId: string
      readonly kind: string
      /** Where it is a message to one of our tool servers. */
      readonly toServer?: ServerMessage
    }
  /** Anything else; observed, not fatal. */
  | { readonly type: 'other'; readonly kind: string }

/** The model uses a tool that the CLI runs. */
export interface ToolUse {
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}

/**
 * A finished part of what the model says: a text, a thought or a tool's use, in their order. A tool is run once this was
 * printed, also where the model's message breaks off behind it.
 */
export interface AssistantMessage {
  readonly type: 'assistant'
  /** Set where the CLI wrote it in the model's place. */
  readonly problem: string | undefined
  /** Absent where there are none. */
  readonly toolUses?: readonly ToolUse[]
}

/** The CLI will send its request again, after `delayMs`. */
export interface CliRetry {
  readonly type: 'retry'
  readonly status: number | undefined
  readonly reason: string | undefined
  readonly delayMs: number | undefined
}

export interface CliResult {
  readonly type: 'result'
  readonly subtype: string
  readonly isError: boolean
  /** The answer, or where `isError` the CLI's own words, which are for the log only. */
  readonly text: string
  readonly status: number | undefined
  readonly terminalReason: string | undefined
  readonly stopReason: string | undefined
  readonly usage: Usage
  readonly costUsd: number | undefined
  /** The value that a JSON Schema asked for. */
  readonly structuredOutput: unknown
  readonly errors: readonly string[]
}

/** The answer to a control request of ours. Source: `control_response`. */
export interface ControlAnswer {
  readonly type: 'control-answer'
  readonly requestId: string
  /** Set where the CLI reports an error; a request that it did not carry out may still be a success. */
  readonly problem: string | undefined
  readonly fields: Readonly<Record<string, unknown>>
}

export type Decoded =
  | { readonly ok: true; readonly message: CliMessage }
  | { readonly ok: false; readonly problem: string }
