import { expect, test } from 'vitest'
import { createByteBudget } from './byte-budget.ts'

test('[LM8] one tenant may hold the whole budget, and no more', () => {
  const budget = createByteBudget({ most: 100 })
  using first = budget.open('a')
  using second = budget.open('a')
  expect([first.take(60), second.take(40), second.take(1), first.take(1)]).toEqual([true, true, false, false])
})

test('[LM8] another tenant has an equal share though the budget is used up', () => {
  const budget = createByteBudget({ most: 100 })
  using loud = budget.open('loud')
  using quiet = budget.open('quiet')
  expect([loud.take(100), quiet.take(50), quiet.take(1), loud.take(1)]).toEqual([true, true, false, false])
})

test('[LM8] what is given back may be taken again, and only once', () => {
  const budget = createByteBudget({ most: 100 })
  const first = budget.open('a')
  first.take(100)
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  using second = budget.open('a')
  expect([second.take(100), second.take(1)]).toEqual([true, false])
})

test('[LM9] a share that was given back takes nothing more', () => {
  const budget = createByteBudget({ most: 100 })
  const early = budget.open('a')
  early[Symbol.dispose]()
  expect(early.take(100)).toBe(false)
  using late = budget.open('a')
  expect(late.take(100)).toBe(true)
})
