import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { GatewayError } from '../core/index.ts'
import { ProcessLostError } from './warm/index.ts'
import { createStartTimes } from './start-times.ts'

/** What a start fails with that takes too long. */
const tooSlow = (): GatewayError =>
  new GatewayError('cli_failed', 'x', { cause: new ProcessLostError('not ready', { why: 'late' }) })

const open = (leastMs = 30_000) => {
  const clock = createManualClock()
  const times = createStartTimes({ leastMs })
  /** A start that takes so long. */
  const take = async (ms: number): Promise<void> =>
    await times.measure(clock, async () => {
      await clock.advance(ms)
    })
  const giveUp = async (): Promise<number> => {
    let limitMs = 0
    await times
      .measure(clock, async ({ startMs }) => {
        limitMs = startMs
        throw tooSlow()
      })
      .catch(() => undefined)
    return limitMs
  }
  return { times, take, giveUp }
}

test('[WP18] while nothing is known a start may take four times the setting', () => {
  expect(open().times.limits.startMs).toBe(120_000)
  expect(open().times.averageMs).toBeUndefined()
})

test('[WP18] the limit follows what starts take here, and is never below the setting', async () => {
  const { times, take } = open()
  await take(500)
  expect([times.averageMs, times.limits.startMs]).toEqual([500, 30_000])
  for (let index = 0; index < 40; index++) await take(31_000)
  expect(Math.round(times.limits.startMs / 1000)).toBe(124)
  for (let index = 0; index < 40; index++) await take(500)
  expect(times.limits.startMs).toBe(30_000)
})

test('[WP18] the limit doubles with each start in a row that was given up, to ten minutes, until one succeeds', async () => {
  const { times, take, giveUp } = open()
  await take(500)
  const limits = []
  for (let index = 0; index < 6; index++) limits.push((await giveUp()) / 1000)
  expect(limits).toEqual([30, 60, 120, 240, 480, 600])
  await take(500)
  expect(times.limits.startMs).toBe(30_000)
})

test('[WP18] a start that failed otherwise says nothing of how long starts take', async () => {
  const { times } = open()
  const clock = createManualClock()
  await expect(times.measure(clock, () => Promise.reject(new Error('no such file')))).rejects.toThrow('no such file')
  expect([times.averageMs, times.limits.startMs]).toEqual([undefined, 120_000])
})

test('[WP18] a start that is too slow is an overload for those who wait for it, and a crash is not', async () => {
  const { times } = open()
  const clock = createManualClock()
  const fails = (error: Error): Promise<unknown> =>
    times.measure(clock, async () => {
      throw error
    })
  await expect(fails(tooSlow())).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 60 })
  const crash = new GatewayError('cli_failed', 'x', { cause: new ProcessLostError('it has ended', { why: 'ended' }) })
  await expect(fails(crash)).rejects.toBe(crash)
  expect(times.limits.startMs).toBe(240_000)
})

test('[WP18] an answer may take as long as a start does, and five seconds at least', async () => {
  const { times, take } = open()
  expect(times.limits.answerMs).toBe(30_000)
  await take(500)
  expect(times.limits.answerMs).toBe(5000)
  for (let index = 0; index < 60; index++) await take(20_000)
  expect(Math.round(times.limits.answerMs / 1000)).toBe(20)
})
