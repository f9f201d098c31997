import { expect, test } from 'vitest'
import { createTenantQueue } from './tenant-queue.ts'

test('[LM5] tenants take turns, and what one of them puts in keeps its order', () => {
  const queue = createTenantQueue<number>()
  for (const item of [1, 2, 3]) queue.put('loud', item)
  queue.put('quiet', 4)
  expect([queue.take(), queue.take(), queue.take(), queue.take(), queue.take()]).toEqual([1, 4, 2, 3, undefined])
})

test('[LM5] what is given up does not take a turn', () => {
  const queue = createTenantQueue<number>()
  for (const item of [1, 2]) queue.put('a', item)
  queue.put('b', 3)
  queue.remove('a', 1)
  queue.remove('b', 3)
  queue.remove('b', 3)
  expect([queue.take(), queue.clear()]).toEqual([2, []])
})
