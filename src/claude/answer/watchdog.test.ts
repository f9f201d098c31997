import { expect, test } from 'vitest'
import { createManualClock } from '../../../test/support/manual-clock.ts'
import { createWatchdog, type Overrun } from './watchdog.ts'

const watch = (limits: { firstTokenMs?: number; tokenGapMs?: number; turnMs: number }) => {
  const clock = createManualClock()
  const overruns: Overrun[] = []
  const watchdog = createWatchdog(limits, { clock, onOverrun: (overrun) => overruns.push(overrun) })
  return { clock, watchdog, overruns }
}

test('[ER8] the wait for the first token, the silence after it and the whole turn are limited', async () => {
  const late = watch({ firstTokenMs: 100, tokenGapMs: 50, turnMs: 1000 })
  await late.clock.advance(100)
  expect(late.overruns).toEqual(['first-token'])

  const silent = watch({ firstTokenMs: 100, tokenGapMs: 50, turnMs: 1000 })
  await silent.clock.advance(99)
  silent.watchdog.fed()
  await silent.clock.advance(49)
  silent.watchdog.fed()
  await silent.clock.advance(49)
  expect(silent.overruns).toEqual([])
  await silent.clock.advance(1)
  expect(silent.overruns).toEqual(['token-gap'])

  const slow = watch({ firstTokenMs: 100, tokenGapMs: 50, turnMs: 1000 })
  slow.watchdog.rest()
  await slow.clock.advance(900)
  expect(slow.overruns).toEqual([])

  const long = watch({ turnMs: 1000 })
  for (let at = 0; at < 999; at++) {
    await long.clock.advance(1)
    long.watchdog.fed()
  }
  expect(long.overruns).toEqual([])
  await long.clock.advance(1)
  expect(long.overruns).toEqual(['turn'])
})

test('[ER8] the first limit that is passed is the one that counts, and none after the turn', async () => {
  const both = watch({ firstTokenMs: 100, turnMs: 200 })
  await both.clock.advance(500)
  expect(both.overruns).toEqual(['first-token'])
  expect(both.watchdog.overrun).toBe('first-token')
  const over = watch({ firstTokenMs: 100, turnMs: 200 })
  over.watchdog[Symbol.dispose]()
  await over.clock.advance(500)
  expect(over.overruns).toEqual([])
})

test('[AD11] the wait for the first token begins when the process is up', async () => {
  const { clock, watchdog, overruns } = watch({ firstTokenMs: 500, turnMs: 10_000 })
  await clock.advance(400)
  watchdog.started(100)
  await clock.advance(99)
  expect(overruns).toEqual([])
  await clock.advance(1)
  expect(overruns).toEqual(['first-token'])

  // A sign of life has come already.
  const alive = watch({ firstTokenMs: 500, turnMs: 10_000 })
  alive.watchdog.fed()
  alive.watchdog.started(100)
  await alive.clock.advance(9000)
  expect(alive.overruns).toEqual([])
})
