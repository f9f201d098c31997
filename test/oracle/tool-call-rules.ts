/** The rules of tool calls that a schema cannot say (R42 to R46). */
import { isObject, parsed } from './fault.ts'

/** A piece of a call, as far as the schema vouches for it. */
export interface ToolCallPiece {
  readonly index: number
  readonly id?: string
  readonly type?: string
  readonly function?: { readonly name?: string; readonly arguments?: string }
  readonly custom?: { readonly name?: string; readonly input: string }
}

/** What a piece says of its call, and the names of those two fields. The input of a custom tool is any text. */
const saidIn = ({ function: called, custom }: ToolCallPiece) =>
  custom === undefined
    ? { name: called?.name, text: called?.arguments, fields: ['function.name', 'function.arguments'] }
    : { name: custom.name, text: custom.input, fields: ['custom.name', 'custom.input'] }

/** The arguments of a call are one JSON object, unless the answer was cut at its length. */
export const argumentFaults = (
  json: string,
  { call, finish }: { readonly call: string; readonly finish: string | undefined },
) =>
  finish === 'length' || isObject(parsed(json))
    ? []
    : [`the arguments of ${call} are no JSON object: ${JSON.stringify(json)}`]

/** An answer with calls says so in its finish, and no other does. */
export function finishFaults(finish: string, calls: number): readonly string[] {
  if (finish === 'tool_calls' && calls === 0) return ['it finishes with tool_calls and has no call']
  if (finish === 'stop' && calls > 0) return ['it has a tool call and finishes with stop']
  return []
}

export interface ToolCallRules {
  /** How many calls have begun. */
  readonly calls: number
  /** The faults of one delta's pieces. */
  take(pieces: readonly ToolCallPiece[]): readonly string[]
  /** The faults that show when the answer is whole. */
  end(finish: string): readonly string[]
}

function firstPieceFaults(piece: ToolCallPiece): readonly string[] {
  const { name, text, fields } = saidIn(piece)
  return [
    ...(piece.id === undefined ? ['the first piece of a call has no id'] : []),
    ...(piece.type === undefined ? ['the first piece of a call has no type'] : []),
    ...(name ? [] : [`the first piece of a call has no ${fields[0]}`]),
    ...(text === undefined ? [`the first piece of a call has no ${fields[1]}`] : []),
  ]
}

function laterPieceFaults(piece: ToolCallPiece): readonly string[] {
  const { name, text, fields } = saidIn(piece)
  return [
    ...(piece.id === undefined ? [] : ['a later piece of a call repeats id']),
    ...(piece.type === undefined ? [] : ['a later piece of a call repeats type']),
    ...(name === undefined ? [] : [`a later piece of a call repeats ${fields[0]}`]),
    ...(text === undefined ? [`a later piece of a call has no ${fields[1]}`] : []),
  ]
}

/** Follows the calls of one stream. */
export function createToolCallRules(): ToolCallRules {
  const ids = new Set<string>()
  const joined: { text: string; readonly isJson: boolean }[] = []

  const take = (piece: ToolCallPiece): readonly string[] => {
    const last = joined.length - 1
    const { text = '' } = saidIn(piece)
    const begun = piece.index === last ? joined[last] : undefined
    if (begun !== undefined) {
      begun.text += text
      return laterPieceFaults(piece)
    }
    if (piece.index !== joined.length)
      return [
        `the index of a call is ${piece.index} where ${joined.length === 0 ? 0 : `${last} or ${last + 1}`} is due`,
      ]
    joined.push({ text, isJson: piece.custom === undefined })
    const repeated = piece.id !== undefined && ids.has(piece.id) ? ['two calls have the same id'] : []
    if (piece.id !== undefined) ids.add(piece.id)
    return [...firstPieceFaults(piece), ...repeated]
  }

  return {
    get calls() {
      return joined.length
    },
    take: (pieces) => [
      ...(pieces.length === 1 ? [] : [`a delta has ${pieces.length} tool calls`]),
      ...pieces.flatMap(take),
    ],
    end: (finish) => [
      ...finishFaults(finish, joined.length),
      ...joined.flatMap(({ text, isJson }, index) =>
        isJson ? argumentFaults(text, { call: `call ${index}`, finish }) : [],
      ),
    ],
  }
}
