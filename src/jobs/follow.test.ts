import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryJobs } from '../../test/support/memory-jobs.ts'
import { order } from '../../test/support/open-jobs.ts'
import type { Job } from '../core/index.ts'
import { createBells } from './bells.ts'
import { createFollowers, MAX_FOLLOWERS } from './followers.ts'

const signal = new AbortController().signal

/** A store with the jobs `one` and `two`, which counts what it is asked, and those who follow them. */
async function open() {
  const clock = createManualClock()
  const store = createMemoryJobs({ clock })
  const bells = createBells(clock)
  const jobs = new Map<string, Job>()
  for (const id of ['one', 'two']) {
    const submitted = await store.submit(id, order(), { maxQueued: 2 })
    if (typeof submitted === 'object') jobs.set(id, submitted.job)
  }
  const asked = { events: 0, progress: 0 }
  let gate: Promise<void> | undefined
  const counted: Parameters<typeof createFollowers>[0]['store'] = {
    async events(...args) {
      asked.events++
      await gate
      return await store.events(...args)
    },
    async progress(ids) {
      asked.progress++
      return await store.progress(ids)
    },
  }
  const followers = createFollowers({ store: counted, bells, clock })
  const follow = (id: string, { after = 1, tenant = 't' } = {}) => {
    const job = jobs.get(id)
    if (job === undefined) throw new Error('there is no such job')
    return followers.follow({ ...job, tenant }, { after, signal })
  }
  return {
    clock,
    store,
    bells,
    asked,
    follow,
    hold: (promise: Promise<void>) => {
      gate = promise
    },
  }
}

test('[JB11] who follows is woken by its own job only, and is listened to no longer than it reads', async () => {
  const { clock, store, bells, asked, follow } = await open()
  const events = follow('one')
  expect(bells.size).toBe(0)
  const ended = events.next()
  await clock.advance(0)
  bells.ring('two')
  await clock.advance(0)
  expect([asked.events, bells.size]).toEqual([1, 1])
  await store.cancel('one')
  bells.ring('one')
  expect((await ended).value).toMatchObject({ type: 'ended', status: 'cancelled' })
  expect([asked.events, bells.size]).toEqual([2, 1])
  expect((await events.next()).done).toBe(true)
  expect([bells.size, clock.armed]).toEqual([0, 0])
})

test('[JB11] a store that is slow is asked by each follower one question at a time', async () => {
  const { clock, bells, asked, follow, hold } = await open()
  const gate = Promise.withResolvers<void>()
  hold(gate.promise)
  const events = follow('one', { after: 0 })
  const first = events.next()
  for (let index = 0; index < 5; index++) bells.ring('one')
  await clock.advance(400)
  expect(asked.events).toBe(1)
  gate.resolve()
  expect((await first).value).toMatchObject({ type: 'queued' })
  await events.return()
  expect([bells.size, clock.armed]).toEqual([0, 0])
})

test('[JB19] many who follow cost the store one look every half a second, and one read of what happens', async () => {
  const { clock, store, asked, follow } = await open()
  const all = Array.from({ length: 80 }, (_, index) => follow(index % 2 === 0 ? 'one' : 'two'))
  const next = all.map((events) => events.next())
  await clock.advance(500)
  const before = { ...asked }
  await clock.advance(5000)
  expect({ events: asked.events - before.events, progress: asked.progress - before.progress }).toEqual({
    events: 0,
    progress: 10,
  })
  // By way of another server.
  await store.cancel('one')
  await clock.advance(500)
  const ended = await Promise.all(next.filter((_, index) => index % 2 === 0))
  expect(new Set(ended.map(({ value }) => value?.type))).toEqual(new Set(['ended']))
  expect(asked.events - before.events).toBe(1)
})

test('[JB19] an event that is written while it is being read is not missed', async () => {
  const { clock, store, bells, follow, hold } = await open()
  const gate = Promise.withResolvers<void>()
  hold(gate.promise)
  const early = follow('one').next()
  await clock.advance(0)
  await store.cancel('one')
  bells.ring('one')
  hold(Promise.resolve())
  expect((await follow('one').next()).value).toMatchObject({ type: 'ended' })
  gate.resolve()
  expect((await early).value).toMatchObject({ type: 'ended' })
})

test('[JB20] a tenant follows so many times and no more; another tenant’s are not counted', async () => {
  const { clock, follow } = await open()
  const all = Array.from({ length: MAX_FOLLOWERS }, () => follow('one', { after: 0 }))
  for (const events of all) await events.next()
  expect(() => follow('two')).toThrow(expect.objectContaining({ code: 'too_many_followers', retryAfterSeconds: 10 }))
  await follow('two', { after: 0, tenant: 'other' }).next()
  await all[0]?.return()
  const again = follow('two', { after: 0 })
  expect((await again.next()).value).toMatchObject({ type: 'queued' })
  expect(clock.armed).toBe(1)
})
