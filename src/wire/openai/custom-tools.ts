/**
 * Custom tools: called with any text, where functions are called with JSON. To the model each is a function whose one
 * argument is that text. Source: OpenAI's API reference, `ChatCompletionCustomTool`.
 */
import type { ClientFunctions, FunctionCall } from '../../core/index.ts'
import { parseJson } from '../../lib/index.ts'

/** The parameters of a custom tool. */
export const CUSTOM_PARAMETERS = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The input of the tool: any text.' } },
  required: ['input'],
  additionalProperties: false,
} as const

/** The input of a custom tool as the arguments of its function. */
export const encodeCustomInput = (input: string): string => JSON.stringify({ input })

const inputIn = (json: string): string | undefined => {
  const parsed = parseJson(json)
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || !('input' in parsed.value))
    return undefined
  return typeof parsed.value.input === 'string' ? parsed.value.input : undefined
}

/** The input in the arguments that the model gave. Those that a limit cut give what there is; others are passed on. */
export const decodeCustomInput = (json: string): string =>
  inputIn(json) ?? inputIn(`${json.replace(/\\(?:u[\da-fA-F]{0,3})?$/, '')}"}`) ?? json

/** The names of the custom tools among those that are offered. */
export const customNamesOf = (functions: ClientFunctions | undefined): ReadonlySet<string> =>
  new Set((functions?.offered ?? []).filter(({ custom }) => custom).map(({ name }) => name))

/** A call as OpenAI writes it, without its id. */
export const encodeCallBody = ({ name, arguments: json }: FunctionCall, customNames: ReadonlySet<string>) =>
  customNames.has(name)
    ? { type: 'custom' as const, custom: { name, input: decodeCustomInput(json) } }
    : { type: 'function' as const, function: { name, arguments: json } }
