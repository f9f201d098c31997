import { expect, test } from 'vitest'
import type { TurnEvent } from '../core/index.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { end, text } from '../../test/support/scripted-engine.ts'
import { unlessHeldUp } from './unless-held-up.ts'

const LIMIT_MS = 120_000

/** A turn of endless text, or the given one, and how it went. */
function open(script: readonly TurnEvent[] = Array.from({ length: 9 }, () => text('a'))) {
  const clock = createManualClock()
  const seen: string[] = []
  async function* turn(): AsyncGenerator<TurnEvent, void> {
    try {
      yield* script
    } finally {
      seen.push('turn ended')
    }
  }
  const events = unlessHeldUp(turn(), { limitMs: LIMIT_MS, clock, ended: () => seen.push('slot free') })
  return { clock, seen, events }
}

test('[AD12] a turn whose reader asks for no more is ended at its limit, and fails if the reader comes back', async () => {
  const { clock, seen, events } = open()
  await events.next()
  await clock.advance(LIMIT_MS - 1)
  expect(seen).toEqual([])
  await clock.advance(1)
  expect(seen).toEqual(['turn ended', 'slot free'])
  const { value } = await events.next()
  expect(value).toMatchObject({ type: 'turn-failed', error: { code: 'timeout' } })
  expect(await events.next()).toEqual({ done: true, value: undefined })
  expect(clock.armed).toBe(0)
})

test('[AD12] a reader that asks in time gets every event, past the limit too, until it holds the turn up', async () => {
  const gate = Promise.withResolvers<void>()
  const clock = createManualClock()
  const seen: string[] = []
  async function* turn(): AsyncGenerator<TurnEvent, void> {
    await gate.promise
    yield text('a')
    yield text('b')
  }
  const events = unlessHeldUp(turn(), { limitMs: LIMIT_MS, clock, ended: () => seen.push('slot free') })
  const first = events.next()
  await clock.advance(LIMIT_MS + 500)
  gate.resolve()
  expect((await first).value).toEqual(text('a'))
  expect(seen).toEqual([])
  await clock.advance(500)
  expect(seen).toEqual(['slot free'])
})

test('[AD12] a turn that is read or left in time is not ended a second time', async () => {
  const whole = open([text('a'), end('a')])
  for (const expected of [text('a'), end('a')]) expect((await whole.events.next()).value).toEqual(expected)
  await whole.clock.advance(2 * LIMIT_MS)
  expect(await whole.events.next()).toEqual({ done: true, value: undefined })
  expect([whole.seen, whole.clock.armed]).toEqual([['turn ended'], 0])
  const left = open()
  await left.events.next()
  await left.events.return(undefined)
  expect([left.seen, left.clock.armed]).toEqual([['turn ended'], 0])
})
