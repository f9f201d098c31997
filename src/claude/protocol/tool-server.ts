/**
 * The tool server that the CLI believes to talk to: it offers the client's functions and does nothing when one is called,
 * since the client runs it. Source: Model Context Protocol, over `mcp_message` control requests, 2.1.197 to 2.1.330.
 */
import { createHash } from 'node:crypto'
import type { ClientFunction } from '../../core/index.ts'
import { fromToolName } from './encode.ts'

/** A message to the server; one without an id is a notification. */
export interface ServerMessage {
  readonly id: string | number | null
  readonly method: string
  readonly protocolVersion: string
}

/**
 * The name of the server that offers these functions: another list has another one. The CLI takes a server that it knows for
 * what it was, and keeps the description of a tool by the tool's name and schema, whichever list it stands in.
 */
export const serverName = (functions: readonly ClientFunction[]): string =>
  createHash('sha256').update(JSON.stringify(functions)).digest('hex').slice(0, 12)

/** The CLI cuts longer descriptions. */
const MAX_DESCRIPTION_CHARACTERS = 2000
const GOES_ON = '… (The whole description is in the system prompt.)'

const isLong = ({ description }: ClientFunction): boolean => description.length > MAX_DESCRIPTION_CHARACTERS

const shortened = (description: string): string =>
  description.slice(0, MAX_DESCRIPTION_CHARACTERS - GOES_ON.length).replace(/[\uD800-\uDBFF]$/, '') + GOES_ON

const toTool = (offered: ClientFunction): object => ({
  name: offered.name,
  description: isLong(offered) ? shortened(offered.description) : offered.description,
  inputSchema: offered.parameters,
  // So that several calls are made at once.
  annotations: { readOnlyHint: true },
})

/** The CLI makes one form of a choice of forms at the top. */
const isChoice = ({ parameters }: ClientFunction): boolean =>
  ['anyOf', 'oneOf', 'allOf'].some((keyword) => parameters[keyword] !== undefined)

const describe = (offered: ClientFunction): string =>
  [
    `## ${offered.name}`,
    ...(isLong(offered) ? [offered.description] : []),
    ...(isChoice(offered) ? [`Its parameters: ${JSON.stringify(offered.parameters)}`] : []),
  ].join('\n')

/** What the system prompt has to say of functions, where the CLI does not let all of it pass. */
export function describeFunctions(functions: readonly ClientFunction[]): string {
  const described = functions.filter((offered) => isLong(offered) || isChoice(offered))
  return described.length === 0 ? '' : ['# Functions', ...described.map(describe)].join('\n\n')
}

/** The functions that the CLI does not offer: it leaves out what it does not take, and says nothing. */
export const missingFrom = (
  tools: readonly string[],
  functions: readonly ClientFunction[],
): readonly ClientFunction[] => {
  const known = new Set(tools.map(fromToolName))
  return functions.filter(({ name }) => !known.has(name))
}

function resultOf({ method, protocolVersion }: ServerMessage, functions: readonly ClientFunction[]): object {
  switch (method) {
    case 'initialize':
      return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'client', version: '1' } }
    case 'tools/list':
      return { tools: functions.map(toTool) }
    case 'tools/call':
      return { content: [{ type: 'text', text: 'The client was asked.' }] }
    default:
      return {}
  }
}

/** The answer to a message, as JSON-RPC. */
export const answerServer = (message: ServerMessage, functions: readonly ClientFunction[]): object => ({
  jsonrpc: '2.0',
  id: message.id ?? 0,
  result: resultOf(message, functions),
})
