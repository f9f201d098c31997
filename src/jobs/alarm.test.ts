import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createAlarm } from './alarm.ts'

function open() {
  const clock = createManualClock()
  const alarm = createAlarm(clock)
  const leaving = new AbortController()
  let woken = 0
  return {
    clock,
    alarm,
    leaving,
    sleep: () => void alarm.sleep({ ms: 100, signal: leaving.signal }).then(() => woken++),
    woken: async () => {
      await clock.advance(0)
      return woken
    },
  }
}

test('[JB4] one who sleeps is woken by a ring, by time, or by an abort, and leaves no timer', async () => {
  const { clock, alarm, leaving, sleep, woken } = open()
  sleep()
  expect(await woken()).toBe(0)
  alarm.ring()
  expect([await woken(), clock.armed]).toEqual([1, 0])
  sleep()
  await clock.advance(99)
  expect(await woken()).toBe(1)
  await clock.advance(1)
  expect([await woken(), clock.armed]).toEqual([2, 0])
  sleep()
  leaving.abort()
  expect([await woken(), clock.armed]).toEqual([3, 0])
  sleep()
  expect([await woken(), clock.armed]).toEqual([4, 0])
})

test('[JB4] a ring while nobody sleeps wakes the next who would, once', async () => {
  const { alarm, sleep, woken } = open()
  alarm.ring()
  alarm.ring()
  sleep()
  expect(await woken()).toBe(1)
  sleep()
  expect(await woken()).toBe(1)
  alarm.ring()
  expect(await woken()).toBe(2)
  sleep()
  expect(await woken()).toBe(2)
})
