import type { Agent } from './agent.ts'
import type { GatewayError } from './error.ts'
import type { ClientFunctions } from './functions.ts'
import type { FunctionCall, History } from './history.ts'
import type { Usage } from './usage.ts'

/** How long a turn may take, in milliseconds; what is absent is not limited. Waiting for a place does not count. */
export interface TurnLimits {
  readonly firstTokenMs?: number
  readonly tokenGapMs?: number
  readonly turnMs: number
}

/** How much the model may think before it answers: not at all, or with this effort. */
export type Reasoning = 'none' | 'low' | 'medium' | 'high'

/** How the model chooses its words; what is absent is as the model API has it. */
export interface Sampling {
  readonly temperature?: number
  readonly topP?: number
}

/** Takes note of a turn, for the log; never throws and never waits. */
export interface TurnWatch {
  /** The turn has its slot. */
  admitted(): void
  event(event: TurnEvent): void
}

/** One question to an agent. */
export interface TurnRequest {
  /** Whose question it is; a process that has served one tenant never serves another. */
  readonly tenant: string
  readonly agent: Agent
  /** The model's name as the CLI takes it. */
  readonly model: string
  readonly history: History
  /** The caller's name for the conversation: a hint for choosing a process, nothing depends on it. */
  readonly conversation?: string
  readonly limits: TurnLimits
  readonly maxOutputTokens?: number
  /** Absent leaves it to the agent's kind: a talker does not think, a doer thinks as the CLI has it. */
  readonly reasoning?: Reasoning
  readonly sampling?: Sampling
  /** Only a talker takes them. */
  readonly functions?: ClientFunctions
  /** Texts at which the answer ends; none of them is part of it. */
  readonly stopTexts?: readonly string[]
  /** A JSON Schema that the answer must satisfy; the answer is then one JSON text. */
  readonly outputSchema?: Readonly<Record<string, unknown>>
  readonly budgetUsd?: number
  /** Where a doer works, an absolute path. Set by the workspace layer. */
  readonly directory?: string
  readonly watch?: TurnWatch
}

/** Why an answer ended, in our words; `calls`: what comes of its calls is waited for. */
export type StopReason = 'end' | 'length' | 'stop-text' | 'refusal' | 'calls'

export interface TurnEnd {
  readonly type: 'turn-end'
  readonly reason: StopReason
  readonly usage: Usage
  /** The answer proper: all the text of a talker, of a doer what it said after its last tool. */
  readonly answer: string
  /** What the client is asked to call; absent where it is nothing. */
  readonly calls?: readonly FunctionCall[]
  readonly costUsd?: number
  /** The exit code of the run, where it ran to its end. */
  readonly exitCode?: number
}

/** A call begins, or its arguments go on: a part of their JSON text. The calls of a turn come one after the other. */
export type CallEvent =
  | { readonly type: 'call-start'; readonly id: string; readonly name: string }
  | { readonly type: 'call-delta'; readonly arguments: string }

/** A doer uses a tool of its own, by the model's name of it; told before what comes of it is known. A talker has none. */
export interface ToolUseEvent {
  readonly type: 'tool-use'
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}

/**
 * In order; ends with exactly one `turn-end` or `turn-failed`; deltas are never empty and hold whole characters. Once a call
 * was begun there is no more text; uses of tools stand anywhere between the texts.
 */
export type TurnEvent =
  | { readonly type: 'text-delta'; readonly text: string }
  | CallEvent
  | ToolUseEvent
  | TurnEnd
  | { readonly type: 'turn-failed'; readonly error: GatewayError }

/**
 * Answers turns. A failure before the first event is thrown, so that a status can still be chosen; after it, it is the
 * last event. Leaving the iteration early, or aborting, stops the turn; an abort surfaces as the signal's reason.
 */
export interface TurnEngine {
  run(request: TurnRequest, options: { readonly signal: AbortSignal }): AsyncIterable<TurnEvent>
}
