/** How much is measured. The figures of a quick run show that the benchmark works and little else. */
import type { ColumnName } from './columns.ts'

/** A column is measured in `blocks` blocks, spread over the run, of so many conversations each. */
interface ColumnSize {
  readonly blocks: number
  readonly conversations: number
}

export interface Sizes {
  readonly columns: Readonly<Record<ColumnName, ColumnSize>>
  /** Rows whose turns cost little take so many times the conversations. */
  readonly cheapFactor: number
  /** Turns of a conversation, in the columns that measure the next turn. */
  readonly turns: number
  /** Unmeasured conversations at the beginning. */
  readonly warmUp: number
  /** The blocks and the turns of a quiet tenant, alone and beside a loud one. */
  readonly sharing: { readonly blocks: number; readonly turns: number }
  /** Answers of which each token's way is timed, and the tokens of each. */
  readonly relayed: { readonly answers: number; readonly pieces: number; readonly paceMs: number }
}

export const FULL: Sizes = {
  columns: {
    fresh: { blocks: 4, conversations: 6 },
    next: { blocks: 4, conversations: 2 },
    'barge-in': { blocks: 4, conversations: 5 },
    history: { blocks: 4, conversations: 5 },
    'fresh-10': { blocks: 2, conversations: 30 },
    'next-10': { blocks: 2, conversations: 10 },
    'barge-in-10': { blocks: 2, conversations: 10 },
    'two-turns': { blocks: 2, conversations: 6 },
    'round-trip': { blocks: 2, conversations: 6 },
    functions: { blocks: 2, conversations: 8 },
    structured: { blocks: 2, conversations: 8 },
    whole: { blocks: 2, conversations: 8 },
  },
  cheapFactor: 4,
  turns: 5,
  warmUp: 3,
  relayed: { answers: 6, pieces: 80, paceMs: 8 },
  sharing: { blocks: 3, turns: 12 },
}

export const QUICK: Sizes = {
  columns: {
    fresh: { blocks: 1, conversations: 4 },
    next: { blocks: 1, conversations: 1 },
    'barge-in': { blocks: 1, conversations: 2 },
    history: { blocks: 1, conversations: 2 },
    'fresh-10': { blocks: 1, conversations: 10 },
    'next-10': { blocks: 1, conversations: 10 },
    'barge-in-10': { blocks: 1, conversations: 10 },
    'two-turns': { blocks: 1, conversations: 2 },
    'round-trip': { blocks: 1, conversations: 2 },
    functions: { blocks: 1, conversations: 2 },
    structured: { blocks: 1, conversations: 2 },
    whole: { blocks: 1, conversations: 2 },
  },
  cheapFactor: 2,
  turns: 2,
  warmUp: 1,
  relayed: { answers: 1, pieces: 40, paceMs: 8 },
  sharing: { blocks: 1, turns: 4 },
}
