import type { History } from './history.ts'

/** A function that the client runs itself when the model calls it. */
export interface ClientFunction {
  readonly name: string
  readonly description: string
  /** A JSON Schema of an object, as the client wrote it. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** A custom tool of OpenAI's: to the model a function whose one argument, `input`, is any text. */
  readonly custom?: true
}

/** Whether functions are called: as the model likes, not at all, at least one, or this one. */
export type FunctionChoice = 'auto' | 'none' | 'required' | { readonly name: string }

/** The client's functions, as one request offers them. */
export interface ClientFunctions {
  readonly offered: readonly ClientFunction[]
  readonly choice: FunctionChoice
  /** Whether several may be called at once. */
  readonly parallel: boolean
}

/** Whether the model must call something: a function of the client, or the one that takes an answer to a schema. */
export const mustCall = ({
  functions,
  outputSchema,
}: {
  readonly functions?: ClientFunctions | undefined
  readonly outputSchema?: object | undefined
}): boolean => {
  const choice = functions?.choice
  return outputSchema !== undefined || choice === 'required' || typeof choice === 'object'
}

/** Whether the last thing that an assistant did is to call something. */
export const goesOnFromCalls = (history: History): boolean => {
  const last = history.findLast(({ role }) => role === 'assistant')
  return last?.role === 'assistant' && last.calls !== undefined && last.calls.length > 0
}
