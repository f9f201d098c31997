/**
 * The body of `POST /v1/chat/completions`. Unknown fields are let through; a known one of the wrong type is refused by
 * name. Source: OpenAI's API reference and what clients were seen to send (R1 to R25).
 */
import { z } from 'zod'
import {
  charactersOf,
  GatewayError,
  overLimit,
  refuseLongText,
  REQUEST_LIMITS,
  type ClientFunctions,
  type History,
  type Reasoning,
  type Sampling,
} from '../../core/index.ts'
import { anyObject, boundedList } from '../bounded-list.ts'
import { parseFields } from '../problem.ts'
import { functionsOf, toolChoice, tools } from './functions.ts'
import { messages } from './messages.ts'
import { ignoredOf, reasoningOf, samplingOf } from './parameters.ts'
import { outputSchemaOf, responseFormat } from './response-format.ts'

export interface ChatRequest {
  readonly model: string | undefined
  readonly history: History
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly maxOutputTokens: number | undefined
  readonly reasoning: Reasoning | undefined
  readonly sampling: Sampling | undefined
  readonly stopTexts: readonly string[]
  readonly functions: ClientFunctions | undefined
  readonly outputSchema: Readonly<Record<string, unknown>> | undefined
  /** The caller's name for the conversation, a hint (R8). */
  readonly conversation: string | undefined
  /** Parameters that were sent and cannot be honoured (R3). */
  readonly ignored: readonly string[]
}

const optional = <T extends z.ZodType>(schema: T) => schema.nullish()
const tokens = optional(z.int('a whole number is expected').min(1, 'at least 1 is expected'))
const numberUpTo = (most: number) =>
  optional(z.number('a number is expected').min(0, 'at least 0 is expected').max(most, `at most ${most} is expected`))
const stopText = z
  .string('a string is expected')
  .min(1, 'a stop text must not be empty')
  .check(({ value, issues }) => {
    if (value.length > REQUEST_LIMITS.stopCharacters.most)
      issues.push({ code: 'custom', input: value, message: overLimit('stopCharacters', value.length) })
  })
  .refine((text) => text.isWellFormed(), 'whole Unicode characters are expected')

const metadata = anyObject('an object is expected').check(({ value, issues }) => {
  const keys = Object.keys(value).length
  if (keys > REQUEST_LIMITS.metadataKeys.most)
    issues.push({ code: 'custom', input: value, message: overLimit('metadataKeys', keys) })
  const { conversation } = value
  if (typeof conversation === 'string' && conversation.length > REQUEST_LIMITS.nameCharacters.most)
    issues.push({
      code: 'custom',
      input: value,
      path: ['conversation'],
      message: overLimit('nameCharacters', conversation.length),
    })
})

/** Unknown fields are neither copied nor looked at, however many there are. */
const body = z.object({
  model: optional(z.string('a string is expected').min(1, 'a model must be named')),
  messages,
  stream: optional(z.boolean('true or false is expected')),
  stream_options: optional(
    z.object({ include_usage: optional(z.boolean('true or false is expected')) }, 'an object is expected'),
  ),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  n: optional(z.literal(1, 'only 1 is possible: one request has one answer')),
  stop: optional(
    z.union(
      [stopText.transform((text) => [text]), boundedList(stopText, { limit: 'stops' })],
      'a string or an array of strings is expected',
    ),
  ),
  response_format: optional(responseFormat),
  tools: optional(tools),
  tool_choice: optional(toolChoice),
  parallel_tool_calls: optional(z.boolean('true or false is expected')),
  function_call: z.unknown().optional(),
  functions: optional(z.array(z.unknown(), 'an array is expected')),
  metadata: optional(metadata),
  temperature: numberUpTo(2),
  top_p: numberUpTo(1),
  reasoning_effort: z.unknown().optional(),
})

type Body = z.infer<typeof body>

/** The form that `tools` took the place of; switched off it asks for nothing. */
function refuseOldFunctions({ functions, function_call: choice }: Body): void {
  if (functions == null || functions.length === 0 || choice === 'none') return
  throw new GatewayError('invalid_request', '`functions`: offer them as `tools`, whose answers are `tool_calls`.', {
    param: 'functions',
  })
}

/** @throws GatewayError `invalid_request` that names the field at fault. */
export function parseChatRequest(json: unknown): ChatRequest {
  const fields = parseFields(body, json)
  refuseOldFunctions(fields)
  refuseLongText('messages', charactersOf(fields.messages))
  const conversation = fields.metadata?.['conversation']
  const outputSchema = outputSchemaOf(fields.response_format)
  const reasoning = reasoningOf(fields.reasoning_effort)
  const { sampling, ignored } = samplingOf(fields, reasoning)
  const stopTexts = fields.stop ?? []
  // A stop text could only break the JSON that a schema asks for.
  const isStopIgnored = outputSchema !== undefined && stopTexts.length > 0
  return {
    model: fields.model ?? undefined,
    history: fields.messages,
    stream: fields.stream ?? false,
    includeUsage: fields.stream_options?.include_usage ?? false,
    maxOutputTokens: fields.max_completion_tokens ?? fields.max_tokens ?? undefined,
    reasoning,
    sampling,
    stopTexts: isStopIgnored ? [] : stopTexts,
    functions: functionsOf(fields),
    outputSchema,
    conversation: typeof conversation === 'string' && conversation !== '' ? conversation : undefined,
    ignored: [...ignored, ...ignoredOf(json as Readonly<Record<string, unknown>>), ...(isStopIgnored ? ['stop'] : [])],
  }
}
