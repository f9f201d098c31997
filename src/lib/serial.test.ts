import { expect, test } from 'vitest'
import { createSerial } from './serial.ts'

const { signal } = new AbortController()

test('turns of one key come one after the other, in the order they were asked for; of two keys side by side', async () => {
  const serial = createSerial()
  const seen: string[] = []
  const first = await serial.enter('a', { signal })
  const rest = ['a2', 'a3', 'a4'].map(async (name) => {
    using _turn = await serial.enter('a', { signal })
    seen.push(name)
    await Promise.resolve()
    seen.push(`${name} over`)
  })
  using _other = await serial.enter('b', { signal })
  expect(seen).toEqual([])
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  await Promise.all(rest)
  expect(seen).toEqual(['a2', 'a2 over', 'a3', 'a3 over', 'a4', 'a4 over'])
})

test('who is aborted while waiting never has a turn, and those behind keep theirs', async () => {
  const serial = createSerial()
  const first = await serial.enter('a', { signal })
  const leaver = new AbortController()
  const second = serial.enter('a', { signal: leaver.signal })
  let isThird = false
  const third = serial.enter('a', { signal }).then((turn) => {
    isThird = true
    return turn
  })
  const reason = new Error('gone')
  leaver.abort(reason)
  await expect(second).rejects.toBe(reason)
  await expect(serial.enter('a', { signal: leaver.signal })).rejects.toBe(reason)
  expect(isThird).toBe(false)
  first[Symbol.dispose]()
  using _turn = await third
  expect(isThird).toBe(true)
})
