import {
  bargeIn,
  fresh,
  history,
  next,
  otherFunctions,
  roundTrip,
  structured,
  twoTurns,
  whole,
  type Scenario,
} from './scenarios.ts'

export type ColumnName =
  | 'fresh'
  | 'next'
  | 'barge-in'
  | 'history'
  | 'fresh-10'
  | 'next-10'
  | 'barge-in-10'
  | 'two-turns'
  | 'round-trip'
  | 'functions'
  | 'structured'
  | 'whole'

export interface Column {
  readonly name: ColumnName
  readonly title: string
  /** The table that it stands in. */
  readonly table: 'talk' | 'contract'
  readonly scenario: Scenario
  /** How many callers there are at a time; each begins anew as soon as it is done. */
  readonly atOnce: number
}

const AT_ONCE = 10

/** In the order of the table, and of a round. */
export const COLUMNS: readonly Column[] = [
  { name: 'fresh', title: 'fresh', table: 'talk', scenario: fresh, atOnce: 1 },
  { name: 'next', title: 'next turn', table: 'talk', scenario: next, atOnce: 1 },
  { name: 'barge-in', title: 'after a barge-in', table: 'talk', scenario: bargeIn, atOnce: 1 },
  { name: 'history', title: '50 messages', table: 'talk', scenario: history, atOnce: 1 },
  { name: 'fresh-10', title: `fresh, ${AT_ONCE} at once`, table: 'talk', scenario: fresh, atOnce: AT_ONCE },
  { name: 'next-10', title: `next turn, ${AT_ONCE} at once`, table: 'talk', scenario: next, atOnce: AT_ONCE },
  {
    name: 'barge-in-10',
    title: `after a barge-in, ${AT_ONCE} at once`,
    table: 'talk',
    scenario: bargeIn,
    atOnce: AT_ONCE,
  },
  { name: 'two-turns', title: 'two plain turns', table: 'contract', scenario: twoTurns, atOnce: 1 },
  { name: 'round-trip', title: 'a round trip of a function', table: 'contract', scenario: roundTrip, atOnce: 1 },
  { name: 'functions', title: 'fresh, with other functions', table: 'contract', scenario: otherFunctions, atOnce: 1 },
  { name: 'structured', title: 'fresh, answer to a schema', table: 'contract', scenario: structured, atOnce: 1 },
  { name: 'whole', title: 'fresh, not streamed, to the end', table: 'contract', scenario: whole, atOnce: 1 },
]
