import { expect, test } from 'vitest'
import { inTurn, LIKELY_WANTED_MS, makesWay } from './share.ts'

const names = (waiters: readonly { readonly name: string }[]): readonly string[] => waiters.map(({ name }) => name)
const waiting = (...all: readonly string[]) => all.map((name) => ({ name, tenant: name.slice(0, 1) }))

test('[WP16] those who wait are served in turn: the fewest busy processes, the longest not served, the first that came', () => {
  const line = waiting('a1', 'a2', 'a3', 'b1', 'c1', 'c2')
  const nothing = { busy: new Map(), lastServed: new Map() }
  expect(names(inTurn(line, nothing))).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
  const busy = new Map([
    ['a', 2],
    ['b', 1],
  ])
  expect(names(inTurn(line, { ...nothing, busy }))).toEqual(['c1', 'b1', 'c2', 'a1', 'a2', 'a3'])
  const lastServed = new Map([
    ['a', 3],
    ['b', 1],
    ['c', 2],
  ])
  expect(names(inTurn(line, { ...nothing, lastServed }))).toEqual(['b1', 'c1', 'a1', 'c2', 'a2', 'a3'])
  expect(inTurn([], nothing)).toEqual([])
})

test('[WP16] of one tenant those who wait keep their order', () => {
  const line = waiting('a1', 'a2', 'a3')
  expect(inTurn(line, { busy: new Map([['a', 5]]), lastServed: new Map() })).toEqual(line)
})

test('[WP17] a process makes way for a tenant that has none, or when shares become more equal, or when it was not used for long', () => {
  const owned = new Map([
    ['loud', 3],
    ['even', 2],
    ['quiet', 1],
  ])
  const way = (tenant: string | undefined, waiter: string, idleMs = 0) => makesWay({ tenant, idleMs }, waiter, owned)
  expect([way('loud', 'new'), way('quiet', 'new'), way(undefined, 'new')]).toEqual([true, true, true])
  expect([way('loud', 'quiet'), way('even', 'quiet'), way('quiet', 'loud')]).toEqual([true, false, false])
  expect([way('quiet', 'loud', LIKELY_WANTED_MS), way('quiet', 'loud', LIKELY_WANTED_MS + 1)]).toEqual([false, true])
  expect([way('loud', 'loud'), way(undefined, 'loud')]).toEqual([true, false])
})
