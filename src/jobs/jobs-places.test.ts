import { expect, test } from 'vitest'
import { openJobs, order, START_MS } from '../../test/support/open-jobs.ts'
import { end, forever, says } from '../../test/support/scripted-engine.ts'

const never = new AbortController().signal

test('[JB4] jobs wait for a place and run in the order they came, the higher priority first', async () => {
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  const { engine, clock, submit, reached, done, get } = openJobs(({ history }, index) => [
    gates[index]?.promise ?? forever(),
    end(`did ${history[0]?.text}`),
  ])
  const a = await submit({ prompt: 'a' })
  await reached(a, 'running')
  const b = await submit({ prompt: 'b' })
  const c = await submit({ prompt: 'c' })
  const urgent = await submit({ prompt: 'urgent', priority: 1 })
  await clock.advance(1000)
  expect(engine.runs).toHaveLength(1)
  for (const gate of gates) gate.resolve()
  expect(await done(a)).toMatchObject({ output: 'did a', startedAtMs: START_MS })
  for (const id of [b, c, urgent]) await done(id)
  expect(await get(b)).toMatchObject({ output: 'did b', startedAtMs: START_MS + 1000 })
  const asked = engine.runs.map(({ request }) => request.history[0])
  expect(asked).toMatchObject([{ text: 'a' }, { text: 'urgent' }, { text: 'b' }, { text: 'c' }])
})

test('[JB4] no more jobs run than there are places', async () => {
  const { engine, room, clock, submit } = openJobs(() => [forever()], { capacity: 3 })
  for (let index = 0; index < 8; index++) await submit()
  await engine.started(2)
  await clock.advance(10_000)
  expect([engine.runs.length, room.active]).toEqual([3, 3])
})

test('[JB4] jobs share their places with requests, in order', async () => {
  const { room, submit, done, engine, clock } = openJobs(() => says('a'))
  const first = await room.enter({ signal: never })
  const id = await submit()
  await expect.poll(() => room.queued).toBe(1)
  const second = room.enter({ signal: never })
  expect(engine.runs).toHaveLength(0)
  first[Symbol.dispose]()
  expect(await done(id)).toMatchObject({ output: 'a' })
  const place = await second
  place[Symbol.dispose]()
  await clock.advance(0)
  expect([room.active, room.queued]).toEqual([0, 0])
})

test('[JB4] jobs that wait take one place in the line of requests, and none where nothing waits', async () => {
  const { room, submit, reached, clock, jobs, done } = openJobs(() => says('a'), { capacity: 1, maxWaiting: 1 })
  const place = await room.enter({ signal: never })
  const ids = [await submit(), await submit(), await submit()]
  await expect.poll(() => room.queued).toBe(1)
  place[Symbol.dispose]()
  for (const id of ids) await reached(id, 'completed')
  await clock.advance(0)
  expect([room.active, room.queued]).toEqual([0, 0])
  for (let second = 0; second < 5; second++) {
    await clock.advance(1000)
    expect([room.active, room.queued]).toEqual([0, 0])
  }
  await done(await submit())
  await jobs.close()
})

test('[JB4] a job that finds the line of requests full joins it a moment later', async () => {
  const { room, submit, reached, clock, engine, observer } = openJobs(() => says('a'), { maxWaiting: 0 })
  const place = await room.enter({ signal: never })
  const id = await submit()
  await clock.advance(5000)
  expect([room.queued, engine.runs.length]).toEqual([0, 0])
  place[Symbol.dispose]()
  await clock.advance(1000)
  expect(await reached(id, 'completed')).toMatchObject({ output: 'a' })
  expect(observer.of('job-store-failed')).toEqual([])
})

test('[JB4] waiting does not count towards the limit of a job', async () => {
  const { room, clock, engine, submit, reached, get } = openJobs(() => [forever()])
  const request = await room.enter({ signal: never })
  const id = await submit({ timeoutMs: 10 })
  await clock.advance(60_000)
  expect((await get(id))?.status).toBe('queued')
  request[Symbol.dispose]()
  expect(await reached(id, 'running')).toMatchObject({ startedAtMs: START_MS + 60_000 })
  expect((await engine.started(0)).request.limits).toEqual({ turnMs: 10 })
})

test('[JB4] work that another server has put into the store is seen', async () => {
  const { store, submit, done, clock, reached } = openJobs(() => says('a'))
  await done(await submit())
  await store.submit('job_theirs', order(), { maxQueued: 10 })
  await clock.advance(1000)
  expect(await reached('job_theirs', 'completed')).toMatchObject({ output: 'a' })
})

test('[JB4] a store that fails when a job is to be begun holds no place, and is asked again', async () => {
  let failing = 3
  const { submit, reached, room, clock, observer } = openJobs(() => says('a'), {
    through: (store) => ({
      ...store,
      async begin(options) {
        if (failing-- > 0) throw new Error('no connection')
        return await store.begin(options)
      },
    }),
  })
  const id = await submit()
  for (let second = 0; second < 3; second++) {
    await clock.advance(0)
    expect(room.active).toBe(0)
    await clock.advance(1000)
  }
  expect(await reached(id, 'completed')).toMatchObject({ output: 'a' })
  expect(observer.of('job-store-failed').map(({ what }) => what)).toEqual(['begin', 'begin', 'begin'])
})

test('[AU3] jobs of several tenants are each asked as their own tenant’s', async () => {
  const { engine, submit, reached } = openJobs(() => [forever()], { capacity: 2 })
  await reached(await submit(), 'running')
  await reached(await submit({ tenant: 'other' }), 'running')
  await engine.started(1)
  expect(engine.runs.map(({ request }) => request.tenant)).toEqual(['t', 'other'])
})
