/** A client guesses keys as fast as it can: it is told to wait, the log stays small, and those with a key notice nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStage, type Stage } from '../support/stage.ts'
import { scaled } from './scale.ts'

const GUESSES = scaled({ full: 20_000, short: 3000 })
const AT_ONCE = 50

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

test('[AU6] [AU7] guesses are refused with 429 and cost neither memory nor log; the right key is served meanwhile', async () => {
  const counts = new Map<number, number>()
  const guesses = { sent: 0 }
  const guess = async (): Promise<void> => {
    while (guesses.sent < GUESSES) {
      const headers = { authorization: `Bearer guess-${guesses.sent++}` }
      const reply = await stage.fetch('/v1/models', { headers })
      await reply.text()
      counts.set(reply.status, (counts.get(reply.status) ?? 0) + 1)
    }
  }
  const guessing = Promise.all(Array.from({ length: AT_ONCE }, guess))
  const statuses = new Set<number>()
  while (guesses.sent < GUESSES) {
    const reply = await stage.fetch('/v1/models')
    await reply.text()
    statuses.add(reply.status)
  }
  await guessing
  expect(statuses).toEqual(new Set([200]))
  // A guess a minute later would be counted anew.
  expect(counts.get(401)).toBeLessThanOrEqual(20 * 3)
  expect((counts.get(401) ?? 0) + (counts.get(429) ?? 0)).toBe(GUESSES)
  const refused = stage.observations.filter((seen) => seen.type === 'key-refused')
  expect(refused.length).toBeLessThanOrEqual(21 * 3)
  expect(refused[0]).toMatchObject({ clientAddress: '127.0.0.1', isLimited: false })
  expect(JSON.stringify(stage.observations)).not.toContain('guess-')
})
