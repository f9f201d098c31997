import { bargeIn, fresh, history, next, type Scenario } from './scenarios.ts'

export type ColumnName = 'fresh' | 'next' | 'barge-in' | 'history' | 'fresh-10' | 'next-10' | 'barge-in-10'

export interface Column {
  readonly name: ColumnName
  readonly title: string
  readonly scenario: Scenario
  /** How many callers there are at a time; each begins anew as soon as it is done. */
  readonly atOnce: number
}

const AT_ONCE = 10

/** In the order of the table, and of a round. */
export const COLUMNS: readonly Column[] = [
  { name: 'fresh', title: 'fresh', scenario: fresh, atOnce: 1 },
  { name: 'next', title: 'next turn', scenario: next, atOnce: 1 },
  { name: 'barge-in', title: 'after a barge-in', scenario: bargeIn, atOnce: 1 },
  { name: 'history', title: '50 messages', scenario: history, atOnce: 1 },
  { name: 'fresh-10', title: `fresh, ${AT_ONCE} at once`, scenario: fresh, atOnce: AT_ONCE },
  { name: 'next-10', title: `next turn, ${AT_ONCE} at once`, scenario: next, atOnce: AT_ONCE },
  { name: 'barge-in-10', title: `after a barge-in, ${AT_ONCE} at once`, scenario: bargeIn, atOnce: AT_ONCE },
]
