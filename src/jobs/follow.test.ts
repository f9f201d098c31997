import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryJobs } from '../../test/support/memory-jobs.ts'
import { order } from '../../test/support/open-jobs.ts'
import { createBells } from './bells.ts'
import { follow } from './follow.ts'

test('[JB11] who follows is woken by its own job only, and is listened to no longer than it reads', async () => {
  const clock = createManualClock()
  const store = createMemoryJobs({ clock })
  const bells = createBells(clock)
  for (const id of ['one', 'two']) await store.submit(id, order(), { maxQueued: 2 })
  let looks = 0
  const counted = {
    ...store,
    async events(...args: Parameters<typeof store.events>) {
      looks++
      return await store.events(...args)
    },
  }
  const signal = new AbortController().signal
  const events = follow('one', { after: 1, signal }, { store: counted, bells })
  expect(bells.size).toBe(0)
  const ended = events.next()
  await clock.advance(0)
  bells.ring('two')
  await clock.advance(0)
  expect([looks, bells.size]).toEqual([1, 1])
  await store.cancel('one')
  bells.ring('one')
  expect((await ended).value).toMatchObject({ type: 'ended', status: 'cancelled' })
  expect([looks, bells.size]).toEqual([2, 1])
  expect((await events.next()).done).toBe(true)
  expect([bells.size, clock.armed]).toEqual([0, 0])
})

test('[JB11] a store that is slow is asked by each follower one question at a time', async () => {
  const clock = createManualClock()
  const store = createMemoryJobs({ clock })
  const bells = createBells(clock)
  await store.submit('one', order(), { maxQueued: 1 })
  let asking = 0
  let most = 0
  const gates: (() => void)[] = []
  const slow = {
    ...store,
    async events(...args: Parameters<typeof store.events>) {
      most = Math.max(most, ++asking)
      await new Promise<void>((resolve) => gates.push(resolve))
      asking--
      return await store.events(...args)
    },
  }
  const events = follow('one', { after: 0, signal: new AbortController().signal }, { store: slow, bells })
  const first = events.next()
  for (let index = 0; index < 5; index++) bells.ring('one')
  await clock.advance(5000)
  expect([most, gates.length]).toEqual([1, 1])
  gates[0]?.()
  expect((await first).value).toMatchObject({ type: 'queued' })
  await events.return()
  expect([bells.size, clock.armed]).toEqual([0, 0])
})
