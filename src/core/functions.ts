/** A function that the client runs itself when the model calls it. */
export interface ClientFunction {
  readonly name: string
  readonly description: string
  /** A JSON Schema of an object, as the client wrote it. */
  readonly parameters: Readonly<Record<string, unknown>>
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
