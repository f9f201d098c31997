import { expect, test } from 'vitest'
import { createManualClock } from '../../../test/support/manual-clock.ts'
import { createPace, deadline, LateError } from './pace.ts'

test('[SU6] limits follow the longest start of this run, and a quick machine has room for a busy moment', () => {
  const pace = createPace({ firstMs: 3000, leastMs: 1000 })
  expect(pace.limits).toEqual({ startMs: 60_000, answerMs: 15_000, trialMs: 120_000 })
  pace.started(200)
  expect(pace.limits).toEqual({ startMs: 20_000, answerMs: 5000, trialMs: 40_000 })
  pace.started(15_000)
  expect(pace.limits).toEqual({ startMs: 300_000, answerMs: 75_000, trialMs: 600_000 })
  pace.started(400)
  expect(pace.limits.startMs).toBe(300_000)
})

test('[SU6] each limit that is reached doubles the next ones, up to ten minutes', () => {
  const pace = createPace({ firstMs: 3000, leastMs: 1000 })
  pace.started(500)
  pace.late()
  expect(pace.limits).toEqual({ startMs: 40_000, answerMs: 10_000, trialMs: 80_000 })
  for (let count = 0; count < 100; count++) pace.late()
  expect(pace.limits).toEqual({ startMs: 600_000, answerMs: 600_000, trialMs: 600_000 })
})

test('a deadline aborts when it is reached, and not once it is disposed of', async () => {
  const clock = createManualClock()
  const reached = deadline(clock, 1000)
  const met = deadline(clock, 1000)
  met[Symbol.dispose]()
  await clock.advance(1000)
  expect(reached.signal.reason).toBeInstanceOf(LateError)
  expect(met.signal.aborted).toBe(false)
})
