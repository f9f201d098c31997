import { expect, test } from 'vitest'
import { createSerial } from './serial.ts'

const signal = new AbortController().signal

test('tasks of one key run one after the other, of two keys side by side', async () => {
  const serial = createSerial()
  const seen: string[] = []
  const gate = Promise.withResolvers<void>()
  const a1 = serial.run(
    'a',
    async () => {
      await gate.promise
      seen.push('a1')
    },
    { signal },
  )
  const a2 = serial.run(
    'a',
    async () => {
      seen.push('a2')
    },
    { signal },
  )
  await serial.run(
    'b',
    async () => {
      seen.push('b')
    },
    { signal },
  )
  expect(seen).toEqual(['b'])
  gate.resolve()
  await Promise.all([a1, a2])
  expect(seen).toEqual(['b', 'a1', 'a2'])
})

test('a task that fails does not stop the next one', async () => {
  const serial = createSerial()
  const failed = serial.run(
    'a',
    async () => {
      throw new Error('no')
    },
    { signal },
  )
  const next = serial.run('a', async () => 'yes', { signal })
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('yes')
})

test('a task that is aborted while it waits never starts', async () => {
  const serial = createSerial()
  const gate = Promise.withResolvers<void>()
  const first = serial.run('a', () => gate.promise, { signal })
  const leaver = new AbortController()
  let started = false
  const second = serial.run(
    'a',
    async () => {
      started = true
    },
    { signal: leaver.signal },
  )
  const reason = new Error('gone')
  leaver.abort(reason)
  await expect(second).rejects.toBe(reason)
  gate.resolve()
  await first
  await serial.run('a', async () => undefined, { signal })
  expect(started).toBe(false)
})
