/**
 * What OpenAI's published API description says of the replies that this server gives, as JSON Schema 2020-12, written
 * anew and reduced to that. Source, date and what was left out: README.md beside this file.
 */
import type { Schema } from '@cfworker/json-schema'

/** A field that is neither required nor optional here is a fault. */
const object = (required: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema => ({
  type: 'object',
  properties: { ...required, ...optional },
  required: Object.keys(required),
  additionalProperties: false,
})
const array = (items: Schema): Schema => ({ type: 'array', items })
const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` })
const orNull = (schema: Schema): Schema => ({ anyOf: [{ type: 'null' }, schema] })

const text: Schema = { type: 'string' }
const textOrNull: Schema = { type: ['string', 'null'] }
const name: Schema = { type: 'string', minLength: 1 }
const count: Schema = { type: 'integer', minimum: 0 }
const whole: Schema = { type: 'integer' }
/** Seconds since the epoch; the bound tells them from milliseconds. */
const unixTime: Schema = { type: 'integer', minimum: 0, maximum: 99_999_999_999 }

/** Our own additions to OpenAI's `usage`. */
const OWN_USAGE: Record<string, Schema> = { cost_usd: { type: 'number', minimum: 0 } }

const FINISH_REASONS = ['stop', 'length', 'tool_calls', 'content_filter'] as const
const SERVICE_TIERS = ['auto', 'default', 'flex', 'scale', 'priority', 'fast'] as const

const number: Schema = { type: 'number' }
const functionCall = object({ name: text, arguments: text })
const tokenLogprob = { token: text, logprob: number, bytes: orNull(array(whole)) }
const answer = { id: name, created: unixTime, model: name }
const answerExtras = {
  service_tier: { enum: [...SERVICE_TIERS, null] },
  system_fingerprint: text,
}

const DEFINITIONS = {
  CreateChatCompletionResponse: object(
    {
      ...answer,
      object: { const: 'chat.completion' },
      choices: array(
        object({
          index: whole,
          message: ref('Message'),
          logprobs: orNull(ref('Logprobs')),
          finish_reason: { enum: [...FINISH_REASONS] },
        }),
      ),
    },
    { ...answerExtras, usage: ref('Usage') },
  ),
  CreateChatCompletionStreamResponse: object(
    {
      ...answer,
      object: { const: 'chat.completion.chunk' },
      choices: array(
        object(
          { index: whole, delta: ref('Delta'), finish_reason: { enum: [...FINISH_REASONS, null] } },
          { logprobs: orNull(ref('Logprobs')) },
        ),
      ),
    },
    // `vivavoce` is ours: the tool that an agent uses.
    { ...answerExtras, obfuscation: text, usage: orNull(ref('Usage')), vivavoce: object({ tool: text }) },
  ),
  ListModelsResponse: object({ object: { const: 'list' }, data: array(ref('Model')) }),
  Model: object(
    { id: name, object: { const: 'model' }, created: unixTime, owned_by: text },
    { shutdown_date: { type: ['string', 'null'], pattern: String.raw`^\d{4}-\d\d-\d\d$` } },
  ),
  ErrorResponse: object({ error: ref('Error') }),
  Error: object({ type: text, message: name, param: textOrNull, code: textOrNull }),

  Message: object(
    { role: { const: 'assistant' }, content: textOrNull, refusal: textOrNull },
    { tool_calls: array(ref('ToolCall')) },
  ),
  ToolCall: {
    anyOf: [
      object({ id: name, type: { const: 'function' }, function: functionCall }),
      object({ id: name, type: { const: 'custom' }, custom: object({ name, input: text }) }),
    ],
  },
  Delta: object(
    {},
    {
      role: { enum: ['developer', 'system', 'user', 'assistant', 'tool'] },
      content: textOrNull,
      refusal: textOrNull,
      tool_calls: array(ref('ToolCallPiece')),
    },
  ),
  ToolCallPiece: {
    anyOf: [
      object(
        { index: whole },
        { id: name, type: { const: 'function' }, function: object({}, { name: text, arguments: text }) },
      ),
      // The document has no streamed form of a custom tool's call; this one is what `openai` for Node assembles.
      object({ index: whole }, { id: name, type: { const: 'custom' }, custom: object({ input: text }, { name }) }),
    ],
  },
  Usage: object(
    { prompt_tokens: count, completion_tokens: count, total_tokens: count },
    {
      prompt_tokens_details: object(
        {},
        {
          audio_tokens: count,
          cached_tokens: count,
          text_tokens: count,
          image_tokens: count,
          cache_write_tokens: count,
        },
      ),
      completion_tokens_details: object(
        {},
        {
          accepted_prediction_tokens: count,
          audio_tokens: count,
          reasoning_tokens: count,
          text_tokens: count,
          rejected_prediction_tokens: count,
        },
      ),
      ...OWN_USAGE,
    },
  ),
  Logprobs: object({
    content: orNull(array(ref('TokenLogprob'))),
    refusal: orNull(array(ref('TokenLogprob'))),
  }),
  TokenLogprob: object({ ...tokenLogprob, top_logprobs: array(object(tokenLogprob)) }),
} satisfies Record<string, Schema>

/** The objects of the description that replies consist of. */
export type SchemaName = keyof typeof DEFINITIONS

/** A schema for one of them, independent of those handed out before. */
export const openAiSchema = (name: SchemaName): Schema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $ref: `#/$defs/${name}`,
  $defs: structuredClone(DEFINITIONS),
})
