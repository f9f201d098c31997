import { expect, test } from 'vitest'
import { createSemaphore } from './semaphore.ts'

const signal = new AbortController().signal

test('holders beyond the capacity enter in order as places come free', async () => {
  const semaphore = createSemaphore({ capacity: 1, maxWaiting: 2 })
  const first = await semaphore.enter({ signal })
  const order: number[] = []
  const second = semaphore.enter({ signal }).then((place) => (order.push(2), place))
  const third = semaphore.enter({ signal }).then((place) => (order.push(3), place))
  expect(semaphore).toMatchObject({ active: 1, waiting: 2 })
  first?.[Symbol.dispose]()
  first?.[Symbol.dispose]()
  ;(await second)?.[Symbol.dispose]()
  ;(await third)?.[Symbol.dispose]()
  expect(order).toEqual([2, 3])
  expect(semaphore).toMatchObject({ active: 0, waiting: 0 })
})

test('one more than may wait is turned away at once', async () => {
  const semaphore = createSemaphore({ capacity: 1, maxWaiting: 0 })
  using held = await semaphore.enter({ signal })
  expect(held).toBeDefined()
  expect(await semaphore.enter({ signal })).toBeUndefined()
})

test('a wait that is aborted rejects with the reason and gives up its turn', async () => {
  const semaphore = createSemaphore({ capacity: 1, maxWaiting: 5 })
  const held = await semaphore.enter({ signal })
  const leaver = new AbortController()
  const waiting = semaphore.enter({ signal: leaver.signal })
  const reason = new Error('gone')
  leaver.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(semaphore.waiting).toBe(0)
  held?.[Symbol.dispose]()
  expect(semaphore.active).toBe(0)
})
