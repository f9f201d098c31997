/**
 * The tool server that the CLI believes to talk to: it offers the client's functions and does nothing when one is called,
 * since the client runs it. Source: Model Context Protocol, over `mcp_message` control requests, 2.1.197 to 2.1.330.
 */
import type { ClientFunction } from '../../core/index.ts'

/** A message to the server; one without an id is a notification. */
export interface ServerMessage {
  readonly id: string | number | null
  readonly method: string
  readonly protocolVersion: string
}

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

/** What the system prompt has to say of functions, where their descriptions are longer than the CLI lets pass. */
export function describeLong(functions: readonly ClientFunction[]): string {
  const long = functions.filter(isLong)
  if (long.length === 0) return ''
  return ['# Functions', ...long.map(({ name, description }) => `## ${name}\n${description}`)].join('\n\n')
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
