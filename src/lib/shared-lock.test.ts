import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createSharedLock } from './shared-lock.ts'

const { signal } = new AbortController()

/** The names in the order in which they got the lock. */
function watch() {
  const lock = createSharedLock()
  const order: string[] = []
  const enter = async (name: string, use: 'read' | 'write', by = signal): Promise<Disposable> => {
    const held = await lock[use]({ signal: by })
    order.push(name)
    return held
  }
  return { order, enter }
}

test('[WS1] readers are together, a writer is alone, and whoever came first goes first', async () => {
  const { order, enter } = watch()
  const first = await enter('r1', 'read')
  const second = await enter('r2', 'read')
  const writer = enter('w', 'write')
  const third = enter('r3', 'read')
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  await setImmediate()
  expect(order).toEqual(['r1', 'r2'])
  second[Symbol.dispose]()
  const writing = await writer
  await setImmediate()
  expect(order).toEqual(['r1', 'r2', 'w'])
  writing[Symbol.dispose]()
  await third
  expect(order).toEqual(['r1', 'r2', 'w', 'r3'])
})

test('[WS1] who leaves while waiting holds up nobody', async () => {
  const { order, enter } = watch()
  const held = await enter('r1', 'read')
  const leaver = new AbortController()
  const writer = enter('w', 'write', leaver.signal)
  const reader = enter('r2', 'read')
  const reason = new Error('gone')
  leaver.abort(reason)
  await expect(writer).rejects.toBe(reason)
  await reader
  expect(order).toEqual(['r1', 'r2'])
  held[Symbol.dispose]()
  await expect(enter('late', 'read', leaver.signal)).rejects.toBe(reason)
})
