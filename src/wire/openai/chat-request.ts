/**
 * The body of `POST /v1/chat/completions`. Unknown fields are let through; a known one of the wrong type is refused by
 * name. Source: OpenAI's API reference and what clients were seen to send (R1 to R25).
 */
import { z } from 'zod'
import { GatewayError, shown, type History, type Message, type Reasoning } from '../../core/index.ts'
import { invalidBody } from '../problem.ts'

export interface ChatRequest {
  readonly model: string | undefined
  readonly history: History
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly maxOutputTokens: number | undefined
  readonly reasoning: Reasoning | undefined
  readonly stopTexts: readonly string[]
  readonly outputSchema: object | undefined
  /** The caller's name for the conversation, a hint (R8). */
  readonly conversation: string | undefined
  /** Parameters that were sent and cannot be honoured (R3). */
  readonly ignored: readonly string[]
}

const textPart = z.looseObject({ type: z.literal('text'), text: z.string('a string is expected') })
const otherPart = z.looseObject({ type: z.string('the type of the part is expected') })

const parts = z.array(z.union([textPart, otherPart])).transform((list, context) =>
  list
    .map((part, index) => {
      if (part.type === 'text' && typeof part['text'] === 'string') return part['text']
      if (part.type === 'refusal') return ''
      context.addIssue({
        code: 'custom',
        path: [index],
        message:
          part.type === 'text'
            ? 'a text part has a string in `text`'
            : `parts of type \`${shown(part.type)}\` cannot be taken; send text`,
      })
      return ''
    })
    .join(''),
)

const content = z.union([z.string(), parts], 'a string or an array of parts is expected')

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const

const message = z
  .looseObject({
    role: z.enum(ROLES, `one of ${ROLES.slice(0, 4).join(', ')} is expected`),
    content: content.nullish(),
    tool_calls: z.array(z.unknown()).nullish(),
  })
  .transform(({ role, content: text, tool_calls: calls }, context): Message => {
    if (role === 'tool' || role === 'function') {
      context.addIssue({
        code: 'custom',
        path: ['role'],
        message: `messages of role \`${role}\` cannot be taken: client functions are not served`,
      })
      return z.NEVER
    }
    if (calls != null && calls.length > 0) {
      context.addIssue({
        code: 'custom',
        path: ['tool_calls'],
        message: 'calls cannot be taken: client functions are not served',
      })
      return z.NEVER
    }
    if (text == null && role !== 'assistant') {
      context.addIssue({ code: 'custom', path: ['content'], message: 'a string or an array of parts is expected' })
      return z.NEVER
    }
    return { role, text: text ?? '' }
  })

const optional = <T extends z.ZodType>(schema: T) => schema.nullish()
const tokens = optional(z.int('a whole number is expected').min(1, 'at least 1 is expected'))
const stopText = z
  .string('a string is expected')
  .min(1, 'a stop text must not be empty')
  .refine((text) => text.isWellFormed(), 'whole Unicode characters are expected')

/** `reasoning_effort`; values that are not known ask for nothing. */
const REASONING: Readonly<Record<string, Reasoning>> = {
  none: 'none',
  minimal: 'none',
  low: 'low',
  medium: 'medium',
  high: 'high',
}

const reasoningOf = (value: unknown): Reasoning | undefined =>
  typeof value === 'string' && Object.hasOwn(REASONING, value) ? REASONING[value] : undefined

/** Known and without effect here; each with the value that asks for nothing. */
const IGNORED: Readonly<Record<string, (value: unknown) => boolean>> = {
  temperature: () => false,
  top_p: () => false,
  seed: () => false,
  frequency_penalty: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  service_tier: (value) => value === 'auto' || value === 'default',
  logprobs: (value) => value === false,
  top_logprobs: () => false,
  logit_bias: () => false,
  store: (value) => value === false,
  metadata: (value) =>
    typeof value !== 'object' || value === null || Object.keys(value).every((key) => key === 'conversation'),
  user: () => false,
  reasoning_effort: (value) => reasoningOf(value) !== undefined,
  verbosity: () => false,
  prediction: () => false,
  tools: (value) => Array.isArray(value) && value.length === 0,
}

const body = z.looseObject({
  model: optional(z.string('a string is expected').min(1, 'a model must be named')),
  messages: z.array(message, 'an array of messages is expected').min(1, 'at least one message is expected'),
  stream: optional(z.boolean('true or false is expected')),
  stream_options: optional(
    z.looseObject({ include_usage: optional(z.boolean('true or false is expected')) }, 'an object is expected'),
  ),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  n: optional(z.literal(1, 'only 1 is possible: one request has one answer')),
  stop: optional(
    z.union(
      [stopText.transform((text) => [text]), z.array(stopText).max(4, 'at most four stop texts are possible')],
      'a string or an array of strings is expected',
    ),
  ),
  response_format: optional(
    z.looseObject(
      {
        type: z.enum(['text', 'json_object', 'json_schema'], 'text, json_object or json_schema is expected'),
        json_schema: z
          .looseObject(
            { schema: optional(z.looseObject({}, 'a JSON Schema object is expected')) },
            'an object with `schema` is expected',
          )
          .nullish(),
      },
      'an object with `type` is expected',
    ),
  ),
  tools: optional(z.array(z.unknown(), 'an array is expected')),
  tool_choice: z.unknown().optional(),
  function_call: z.unknown().optional(),
  functions: optional(z.array(z.unknown(), 'an array is expected')),
  metadata: optional(z.looseObject({}, 'an object is expected')),
  temperature: optional(z.number('a number is expected')),
  top_p: optional(z.number('a number is expected')),
})

type Body = z.infer<typeof body>

/** The CLI takes a schema whose value is an object, and knows no dialect by name. */
function usableSchema({ $schema: _dialect, ...schema }: Readonly<Record<string, unknown>>): object {
  const param = 'response_format.json_schema.schema'
  if (schema['type'] !== undefined && schema['type'] !== 'object') {
    throw new GatewayError('invalid_request', `\`${param}.type\`: \`object\` is expected at the top of a schema.`, {
      param: `${param}.type`,
    })
  }
  return { type: 'object', ...schema }
}

function outputSchemaOf({ response_format: format }: Body): object | undefined {
  switch (format?.type) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'object', additionalProperties: true }
    case 'json_schema': {
      const schema = format.json_schema?.schema
      if (schema == null) {
        throw new GatewayError(
          'invalid_request',
          '`response_format.json_schema.schema`: a JSON Schema object is expected.',
          { param: 'response_format.json_schema.schema' },
        )
      }
      return usableSchema(schema)
    }
  }
}

/** Client functions count as absent where they are none, or where the caller switches them off (R7). */
function refuseFunctions({ tools, tool_choice, functions, function_call }: Body): void {
  const refuse = (param: string, choice: string): void => {
    throw new GatewayError(
      'invalid_request',
      `\`${param}\`: client functions are not served; leave them out or send \`${choice}: "none"\`.`,
      { param },
    )
  }
  if (tools != null && tools.length > 0 && tool_choice !== 'none') refuse('tools', 'tool_choice')
  if (functions != null && functions.length > 0 && function_call !== 'none') refuse('functions', 'function_call')
}

/** What was sent and has no effect. A stop text could only break the JSON that a schema asks for. */
function ignoredOf(fields: Body): readonly string[] {
  const ignored = Object.entries(IGNORED).flatMap(([name, asksNothing]) => {
    const value = fields[name]
    return value == null || asksNothing(value) ? [] : [name]
  })
  const isStructured = fields.response_format != null && fields.response_format.type !== 'text'
  return isStructured && fields.stop != null && fields.stop.length > 0 ? [...ignored, 'stop'] : ignored
}

/** @throws GatewayError `invalid_request` that names the field at fault. */
export function parseChatRequest(json: unknown): ChatRequest {
  const parsed = body.safeParse(json)
  if (!parsed.success) throw invalidBody(parsed.error)
  const fields = parsed.data
  refuseFunctions(fields)
  const conversation = fields.metadata?.['conversation']
  return {
    model: fields.model ?? undefined,
    history: fields.messages,
    stream: fields.stream ?? false,
    includeUsage: fields.stream_options?.include_usage ?? false,
    maxOutputTokens: fields.max_completion_tokens ?? fields.max_tokens ?? undefined,
    reasoning: reasoningOf(fields['reasoning_effort']),
    stopTexts: fields.stop ?? [],
    outputSchema: outputSchemaOf(fields),
    conversation: typeof conversation === 'string' && conversation !== '' ? conversation : undefined,
    ignored: ignoredOf(fields),
  }
}
