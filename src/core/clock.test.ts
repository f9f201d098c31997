import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'

test('[LG2] the clock calls back once, and not what was disposed of', async () => {
  const called: string[] = []
  const disposed = systemClock.after(0, () => called.push('disposed'))
  disposed[Symbol.dispose]()
  await new Promise<void>((resolve) => {
    // A timer that keeps the program alive while those of the clock, which do not, come due.
    const alive = setTimeout(() => undefined, 60_000)
    systemClock.after(1, () => {
      called.push('kept')
      clearTimeout(alive)
      resolve()
    })
  })
  expect(called).toEqual(['kept'])
})

test('[LG2] the clock tells the time of the system', () => {
  const before = Date.now()
  const now = systemClock.nowMs()
  expect(now).toBeGreaterThanOrEqual(before)
  expect(now).toBeLessThanOrEqual(Date.now())
})
