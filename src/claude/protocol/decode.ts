/** One line of the CLI's stdout to a message. Loose in what it reads: unknown kinds and fields are passed over. */
import { z } from 'zod'
import { NO_USAGE, type Usage } from '../../core/index.ts'
import { parseJson } from '../../lib/index.ts'
import type { AssistantMessage, CliMessage, CliResult, Decoded, ToolUse } from './message.ts'

const count = z.number().nonnegative().catch(0)
const usageShape = z
  .looseObject({
    input_tokens: count,
    output_tokens: count,
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
    output_tokens_details: z
      .looseObject({ thinking_tokens: count, reasoning_tokens: count })
      .optional()
      .catch(undefined),
  })
  .transform((usage): Usage => ({
    inputTokens: usage.input_tokens,
    cacheReadTokens: usage.cache_read_input_tokens,
    cacheWriteTokens: usage.cache_creation_input_tokens,
    outputTokens: usage.output_tokens,
    reasoningTokens: usage.output_tokens_details?.thinking_tokens || usage.output_tokens_details?.reasoning_tokens || 0,
  }))
  .catch(NO_USAGE)

const optionalString = z.string().optional().catch(undefined)
const optionalNumber = z.number().optional().catch(undefined)

const line = z.looseObject({
  type: z.string(),
  subtype: optionalString,
  parent_tool_use_id: z.string().nullish().catch(undefined),
})

const streamEvent = z.looseObject({
  event: z.looseObject({
    type: z.string(),
    message: z.looseObject({ usage: usageShape }).optional().catch(undefined),
    delta: z
      .looseObject({
        type: optionalString,
        text: optionalString,
        partial_json: optionalString,
        stop_reason: optionalString,
      })
      .optional()
      .catch(undefined),
    content_block: z.looseObject({ type: optionalString, name: optionalString }).optional().catch(undefined),
    usage: usageShape,
  }),
})

const toolUse = z.looseObject({
  type: z.literal('tool_use'),
  name: z.string(),
  input: z.record(z.string(), z.unknown()).catch({}),
})

const assistant = z.looseObject({
  error: optionalString,
  message: z
    .looseObject({ model: optionalString, content: z.array(z.unknown()).catch([]) })
    .catch({ model: undefined, content: [] }),
})

const result = z.looseObject({
  subtype: z.string().catch('unknown'),
  is_error: z.boolean().catch(false),
  result: z.string().catch(''),
  api_error_status: optionalNumber,
  terminal_reason: optionalString,
  stop_reason: optionalString,
  usage: usageShape,
  total_cost_usd: optionalNumber,
  structured_output: z.unknown().optional(),
  errors: z.array(z.string()).catch([]),
})

const retry = z.looseObject({ error_status: optionalNumber, error: optionalString, retry_delay_ms: optionalNumber })

const init = z.looseObject({ tools: z.array(z.string()).catch([]) })

const controlResponse = z.looseObject({
  response: z.looseObject({
    subtype: z.string(),
    request_id: z.string(),
    error: z.unknown().optional(),
    response: z.looseObject({}).catch({}),
  }),
})

const controlRequest = z.looseObject({
  request_id: z.string(),
  request: z
    .looseObject({
      subtype: z.string().catch(''),
      message: z
        .looseObject({
          id: z.union([z.string(), z.number()]).nullable().catch(null),
          method: z.string(),
          params: z.looseObject({ protocolVersion: z.string().catch('') }).catch({ protocolVersion: '' }),
        })
        .optional()
        .catch(undefined),
    })
    .catch({ subtype: '' }),
})

const other = (kind: string): CliMessage => ({ type: 'other', kind })

function ofDelta({
  type,
  text,
  partial_json: json,
}: {
  readonly type?: string | undefined
  readonly text?: string | undefined
  readonly partial_json?: string | undefined
}): CliMessage {
  if (type === 'text_delta' && text !== undefined) return { type: 'text', text }
  return type === 'input_json_delta' && json !== undefined
    ? { type: 'call-delta', arguments: json }
    : { type: 'activity' }
}

function ofStreamEvent(value: unknown): CliMessage {
  const parsed = streamEvent.safeParse(value)
  if (!parsed.success) return other('stream_event')
  const { event } = parsed.data
  switch (event.type) {
    case 'message_start':
      return { type: 'answer-start', usage: event.message?.usage ?? NO_USAGE }
    case 'content_block_delta':
      return ofDelta(event.delta ?? {})
    case 'content_block_start': {
      const { type, name } = event.content_block ?? {}
      return type === 'tool_use' && name !== undefined ? { type: 'call-start', name } : { type: 'activity' }
    }
    case 'content_block_stop':
      return { type: 'block-end' }
    case 'message_delta':
      return { type: 'answer-end', stopReason: event.delta?.stop_reason, usage: event.usage }
    default:
      return other(`stream_event/${event.type}`)
  }
}

function toAssistant({ error, message }: z.infer<typeof assistant>): AssistantMessage {
  const problem = error ?? (message.model === '<synthetic>' ? 'synthetic' : undefined)
  const toolUses = message.content.flatMap((block): readonly ToolUse[] => {
    const { success, data } = toolUse.safeParse(block)
    return success ? [{ name: data.name, input: data.input }] : []
  })
  return { type: 'assistant', problem, ...(toolUses.length === 0 ? {} : { toolUses }) }
}

const toResult = (fields: z.infer<typeof result>): CliResult => ({
  type: 'result',
  subtype: fields.subtype,
  isError: fields.is_error || fields.subtype !== 'success',
  text: fields.result,
  status: fields.api_error_status,
  terminalReason: fields.terminal_reason,
  stopReason: fields.stop_reason,
  usage: fields.usage,
  costUsd: fields.total_cost_usd,
  structuredOutput: fields.structured_output,
  errors: fields.errors,
})

function ofLine(type: string, subtype: string | undefined, value: unknown): CliMessage {
  switch (type) {
    case 'stream_event':
      return ofStreamEvent(value)
    case 'assistant':
      return toAssistant(assistant.parse(value))
    case 'result':
      return toResult(result.parse(value))
    case 'control_response': {
      const parsed = controlResponse.safeParse(value)
      if (!parsed.success) return other(type)
      const { request_id: requestId, subtype: outcome, error, response: fields } = parsed.data.response
      return {
        type: 'control-answer',
        requestId,
        problem: outcome === 'success' ? undefined : typeof error === 'string' ? error : outcome,
        fields,
      }
    }
    case 'control_request': {
      const parsed = controlRequest.safeParse(value)
      if (!parsed.success) return other(type)
      const { request_id: requestId, request } = parsed.data
      const { id, method, params } = request.message ?? {}
      const isToServer = request.subtype === 'mcp_message' && method !== undefined
      return {
        type: 'control-request',
        requestId,
        kind: request.subtype,
        ...(isToServer ? { toServer: { id: id ?? null, method, protocolVersion: params?.protocolVersion ?? '' } } : {}),
      }
    }
    case 'system':
      if (subtype === 'api_retry') {
        const { error_status: status, error: reason, retry_delay_ms: delayMs } = retry.parse(value)
        return { type: 'retry', status, reason, delayMs }
      }
      if (subtype === 'init') return { type: 'turn-start', tools: init.parse(value).tools }
      return other(`system/${subtype ?? ''}`)
    default:
      return other(type)
  }
}

/** What a line says. Lines of a sub-agent (those under a tool call) are signs of life, never the answer. */
export function decodeLine(text: string): Decoded {
  const json = parseJson(text)
  if (!json.ok) return { ok: false, problem: 'not JSON' }
  const head = line.safeParse(json.value)
  if (!head.success) return { ok: false, problem: 'no message: an object with a `type` was expected' }
  const { type, subtype, parent_tool_use_id: parent } = head.data
  if (typeof parent === 'string' && type !== 'result') return { ok: true, message: { type: 'activity' } }
  return { ok: true, message: ofLine(type, subtype, json.value) }
}

/** The text that one line adds to the answer; `''` for every line that adds none, broken ones included. */
export function textOfLine(text: string): string {
  const decoded = decodeLine(text)
  return decoded.ok && decoded.message.type === 'text' ? decoded.message.text : ''
}
