/** Control requests and what their answers mean. Source: `control_request` lines, 2.1.197 to 2.1.330. */
import { z } from 'zod'
import type { FunctionChoice, Reasoning, Sampling } from '../../core/index.ts'
import { withStrictPatterns } from '../../json-schema/index.ts'
import { toToolName } from './encode.ts'
import type { ControlAnswer } from './message.ts'
import { BOUNDARY } from './system-prompt.ts'

/** What can be set for each turn; what is absent is as the CLI or the model API has it. */
export interface Settings {
  readonly maxOutputTokens: number | undefined
  readonly reasoning: Reasoning
  readonly sampling?: Sampling
  /** At which the model API ends the answer; it takes none that is blank. */
  readonly stopTexts?: readonly string[]
  /** Which functions are called, and at most how many at once. */
  readonly choice?: { readonly of: FunctionChoice; readonly parallel: boolean }
}

/** The CLI knows no dialect of JSON Schema by name. */
export const withoutDialect = ({
  $schema: _dialect,
  ...schema
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => schema

/** A title given beforehand keeps 2.1.197 from asking the model for one. */
const TITLE = 'turn'

export const initializeRequest = ({
  system,
  outputSchema,
}: {
  readonly system?: string
  readonly outputSchema?: Readonly<Record<string, unknown>>
}): object => ({
  subtype: 'initialize',
  title: TITLE,
  ...(system === undefined ? {} : { systemPrompt: [system] }),
  // A system prompt that is changed later holds from the next turn on.
  systemPromptSnapshot: false,
  ...(outputSchema === undefined ? {} : { jsonSchema: withoutDialect(withStrictPatterns(outputSchema)) }),
})

/** Stands for no system prompt at all; an empty one is refused. */
const NO_SYSTEM_PROMPT = BOUNDARY

export const setModelRequest = ({ model, system }: { readonly model: string; readonly system?: string }): object => ({
  subtype: 'set_model',
  model,
  ...(system === undefined ? {} : { system_prompt: system === '' ? NO_SYSTEM_PROMPT : system }),
})

const toolChoice = ({ of, parallel }: NonNullable<Settings['choice']>, server: string): object => {
  const one = parallel ? {} : { disable_parallel_tool_use: true }
  switch (of) {
    case 'auto':
      return { type: 'auto', ...one }
    case 'none':
      return { type: 'none' }
    case 'required':
      return { type: 'any', ...one }
    default:
      return { type: 'tool', name: toToolName(of.name, server), ...one }
  }
}

/** What is put into the body of each request to the model API. */
const bodyOf = ({ sampling, stopTexts, choice }: Settings, server: string): object => ({
  ...(sampling?.temperature === undefined ? {} : { temperature: sampling.temperature }),
  ...(sampling?.topP === undefined ? {} : { top_p: sampling.topP }),
  ...(stopTexts === undefined ? {} : { stop_sequences: stopTexts }),
  ...(choice === undefined ? {} : { tool_choice: toolChoice(choice, server) }),
})

/** Every key each time: what is left out stays as it was set before. */
export const settingsRequest = (settings: Settings, { server = '' }: { readonly server?: string } = {}): object => {
  const { maxOutputTokens, reasoning } = settings
  const body = JSON.stringify(bodyOf(settings, server))
  return {
    subtype: 'apply_flag_settings',
    settings: {
      effortLevel: reasoning === 'none' ? 'low' : reasoning,
      env: {
        CLAUDE_CODE_MAX_OUTPUT_TOKENS: maxOutputTokens === undefined ? '' : String(maxOutputTokens),
        CLAUDE_CODE_DISABLE_THINKING: reasoning === 'none' ? '1' : '',
        CLAUDE_CODE_EXTRA_BODY: body === '{}' ? '' : body,
      },
    },
  }
}

/** Has this server offer the client's functions, and no other; `undefined` offers none. A name that was there before changes nothing. */
export const serversRequest = (server: string | undefined): object => ({
  subtype: 'mcp_set_servers',
  servers: server === undefined ? {} : { [server]: { type: 'sdk', name: server } },
})

/**
 * Takes the user's message `target` and all that follows it out of the transcript. Only the newest can be the target, unless
 * `newest` names that one: then any can (a version that does not know this refuses).
 */
export const rewindRequest = ({ target, newest }: { readonly target: string; readonly newest?: string }): object => ({
  subtype: 'rewind_conversation',
  target_message_uuid: target,
  ...(newest === undefined ? {} : { last_seen_user_message_uuid: newest }),
})

/** Also withdraws a question that is still queued; the answer then lists it, and no result follows. */
export const interruptRequest: object = { subtype: 'interrupt', cancel_queued: true }

const rewound = z.looseObject({ rewound: z.literal(true) })
const cancelled = z.looseObject({ cancelled: z.array(z.unknown()) })

/** A rewind that is refused is reported as a success too. */
export const isRewound = ({ problem, fields }: ControlAnswer): boolean =>
  problem === undefined && rewound.safeParse(fields).success

const connected = z.looseObject({ errors: z.looseObject({}).optional() })

/** A tool server that cannot be reached is reported as a success too. */
export const isConnected = ({ problem, fields }: ControlAnswer): boolean => {
  const parsed = connected.safeParse(fields)
  return problem === undefined && parsed.success && Object.keys(parsed.data.errors ?? {}).length === 0
}

/** Whether an interrupt withdrew the question before it was begun. */
export const isWithdrawn = ({ fields }: ControlAnswer, uuid: string): boolean => {
  const parsed = cancelled.safeParse(fields)
  return parsed.success && parsed.data.cancelled.includes(uuid)
}
