/** What the model was really sent in a request that reached it, in the client's words. */
import { toBlocks } from '../../../src/rehearsal/index.ts'
import type { Stage } from '../../support/stage.ts'

/** A function as the model was offered it. */
export interface OfferedFunction {
  readonly name: string
  readonly description: unknown
  readonly schema: unknown
}

export interface ToldModel {
  readonly body: Stage['rehearsal']['requests'][number]['body']
  /** The system prompt as one text. */
  readonly system: string
  readonly functions: readonly OfferedFunction[]
  readonly choice: unknown
  /**
   * What was said, called and brought back, a line each: `user: …`, `assistant: …`, `calls NAME {…}`, `brings …`. A result
   * of several parts is joined by ` + `.
   */
  readonly said: readonly string[]
}

/** A function's own name, without what the CLI puts before it. */
const ownName = (name: unknown): string => String(name).replace(/^mcp__.+?__/, '')

type Block = ReturnType<typeof toBlocks>[number]

const blocksOf = (content: unknown): readonly Block[] =>
  typeof content === 'string' ? toBlocks(content) : Array.isArray(content) ? (content as readonly Block[]) : []

function lineOf(role: string, block: Block): string {
  switch (block.type) {
    case 'text':
      return `${role}: ${block.text ?? ''}`
    case 'tool_use':
      return `calls ${ownName(block.name)} ${JSON.stringify(block.input)}`
    case 'tool_result':
      return `brings ${blocksOf(block.content)
        .map(({ type, text }) => text ?? `<${type}>`)
        .join(' + ')}`
    default:
      return `${role}: <${block.type}>`
  }
}

/** The request that reached the model last, or the one that is so many before it. */
export function toldModel({ rehearsal }: Stage, before = 0): ToldModel {
  const request = rehearsal.requests.at(-1 - before)
  if (request === undefined) throw new Error('the model was not asked')
  const { body } = request
  const choice = body.tool_choice
  return {
    body,
    system: toBlocks(body.system ?? '')
      .map(({ text }) => text)
      .join('\n'),
    functions: (body.tools ?? []).map((tool) => ({
      name: ownName(tool.name),
      description: tool['description'],
      schema: tool.input_schema,
    })),
    choice: choice?.name === undefined ? choice : { ...choice, name: ownName(choice.name) },
    said: body.messages
      .filter(({ role }) => role !== 'system')
      .flatMap(({ role, content }) => toBlocks(content).map((block) => lineOf(role, block))),
  }
}
