import type { Reasoning, Sampling } from '../../core/index.ts'
import { MARK } from './stragglers.ts'

/**
 * What a child's environment holds besides the variables that the configuration passes on: no calls but those that a turn
 * needs, no files read into prompts, no history rewritten, no hidden second request. Seen on 2.1.197 and 2.1.330.
 */
const FIXED = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
  CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
  CLAUDE_CODE_DISABLE_FILE_MENTIONS: '1',
  CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1',
  CLAUDE_CODE_MAX_RETRIES: '1',
  CLAUDE_AGENT_SDK_DISABLE_BUILTIN_AGENTS: '1',
  DISABLE_AUTO_COMPACT: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  ENABLE_TOOL_SEARCH: 'false',
} as const

/** How much a child may think, for all of its life; one whose turns differ in it is told by a control request instead. */
const reasoningVariables = (reasoning: Reasoning | undefined): Readonly<Record<string, string>> => {
  if (reasoning === undefined) return {}
  return reasoning === 'none'
    ? { CLAUDE_CODE_DISABLE_THINKING: '1', CLAUDE_CODE_EFFORT_LEVEL: 'low' }
    : { CLAUDE_CODE_EFFORT_LEVEL: reasoning }
}

export interface ChildSettings {
  readonly mark: string
  readonly maxOutputTokens?: number
  readonly reasoning?: Reasoning
  readonly sampling?: Sampling
}

/** The whole environment of a child. Of what a caller sent only numbers are in it, never text. */
export const childEnvironment = (
  passedOn: Readonly<Record<string, string>>,
  { mark, maxOutputTokens, reasoning, sampling }: ChildSettings,
): Record<string, string> => ({
  ...passedOn,
  ...FIXED,
  ...reasoningVariables(reasoning),
  [MARK]: mark,
  ...(sampling === undefined
    ? {}
    : { CLAUDE_CODE_EXTRA_BODY: JSON.stringify({ temperature: sampling.temperature, top_p: sampling.topP }) }),
  ...(maxOutputTokens === undefined ? {} : { CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(maxOutputTokens) }),
})
