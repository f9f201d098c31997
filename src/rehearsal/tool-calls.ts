import type { Message, MessagesRequest, Tool } from './messages-request.ts'
import { toBlocks } from './messages-request.ts'
import type { Asked } from './prompt.ts'
import { schemaInstance } from './schema-instance.ts'
import type { DirectedCall } from './stage-directions.ts'

/** A call that is to be made: a tool that is offered, and its input as JSON text. */
export interface ToolCall {
  readonly name: string
  readonly input: string
}

export type ChosenCalls =
  | { readonly ok: true; readonly calls: readonly ToolCall[] }
  | { readonly ok: false; readonly problem: string }

/** The tool by which the CLI takes structured output. */
const OUTPUT_TOOL = 'StructuredOutput'

/** Before a name: it is called as a model that errs would, whether it is offered or not, and with whatever input. */
export const ANYWAY = '!'

export interface ChoiceOfCalls {
  readonly request: MessagesRequest
  readonly asked: Asked
  /** the calls that the prompt directs, by round */
  readonly directed: readonly (readonly DirectedCall[])[]
  /** what strings in inputs are made of */
  readonly text: string
}

/**
 * Which tools are called in this round: those that the prompt directs, otherwise the one that `tool_choice` forces,
 * otherwise the CLI's output tool until it has taken an output. A tool that is directed or forced but not offered is a problem.
 */
export function chooseCalls({ request, asked, directed, text }: ChoiceOfCalls): ChosenCalls {
  const choice = request.tool_choice
  const offered = choice?.type === 'none' ? [] : (request.tools ?? [])
  const rounds = choice?.disable_parallel_tool_use ? directed.flat().map((call) => [call]) : directed
  const wanted = forced(rounds[asked.round] ?? [], choice, offered)
  if (wanted.length === 0 && wantsOutput(offered, asked.since)) wanted.push({ name: OUTPUT_TOOL })
  const calls: ToolCall[] = []
  for (const { name, input } of wanted) {
    if (name.startsWith(ANYWAY)) {
      const called = name.slice(ANYWAY.length)
      calls.push({ name: offered.find((one) => isNamed(one, called))?.name ?? called, input: input ?? '{}' })
      continue
    }
    const tool = offered.find((one) => isNamed(one, name))
    if (tool === undefined) return { ok: false, problem: `The tool ${name} is not offered in this request.` }
    calls.push({ name: tool.name, input: input ?? filledIn(tool, text) })
  }
  return { ok: true, calls }
}

/** The directed calls, narrowed or added to where `tool_choice` leaves no choice. */
function forced(
  directed: readonly DirectedCall[],
  choice: MessagesRequest['tool_choice'],
  offered: readonly Tool[],
): DirectedCall[] {
  if (choice?.type === 'tool') {
    const name = choice.name ?? ''
    return [directed.find((call) => isNamed({ name }, call.name)) ?? { name }]
  }
  const first = offered[0]
  return choice?.type === 'any' && directed.length === 0 && first !== undefined ? [{ name: first.name }] : [...directed]
}

/** Whether the name is the tool's, whole or without the `mcp__<server>__` that the CLI puts before a client's tools. */
function isNamed(tool: Pick<Tool, 'name'>, name: string): boolean {
  const inCli = name.replace(/[^\w-]/g, '_')
  return tool.name === name || (tool.name.startsWith('mcp__') && tool.name.endsWith(`__${inCli}`))
}

function wantsOutput(offered: readonly Tool[], since: readonly Message[]): boolean {
  if (!offered.some(({ name }) => name === OUTPUT_TOOL)) return false
  const blocks = since.flatMap((message) => toBlocks(message.content))
  const calls = blocks.filter(({ type, name }) => type === 'tool_use' && name === OUTPUT_TOOL).map(({ id }) => id)
  return !blocks.some(
    (block) => block.type === 'tool_result' && calls.includes(block.tool_use_id) && block.is_error !== true,
  )
}

const filledIn = (tool: Tool, text: string): string => {
  const input = schemaInstance(tool.input_schema, text)
  return JSON.stringify(typeof input === 'object' && input !== null ? input : {})
}
