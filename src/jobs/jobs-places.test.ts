import { expect, test } from 'vitest'
import { openJobs, order, START_MS } from '../../test/support/open-jobs.ts'
import { end, forever, says } from '../../test/support/scripted-engine.ts'
import { takeSlot } from '../../test/support/take-slot.ts'

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

test('[JB4] [AD6] chat goes before the jobs that wait', async () => {
  const { room, submit, done, engine, clock } = openJobs(() => says('a'))
  const first = await takeSlot(room)
  const id = await submit()
  await clock.advance(0)
  const second = takeSlot(room)
  expect(engine.runs).toHaveLength(0)
  first[Symbol.dispose]()
  const slot = await second
  await clock.advance(0)
  expect(engine.runs).toHaveLength(0)
  slot[Symbol.dispose]()
  expect(await done(id)).toMatchObject({ output: 'a' })
  await clock.advance(0)
  expect([room.active, room.queued]).toEqual([0, 0])
})

test('[AD5] with two slots and three jobs another tenant’s turn has a slot at once', async () => {
  const { room, submit, engine, clock } = openJobs(() => [forever()], { capacity: 2, background: 1 })
  for (let index = 0; index < 3; index++) await submit()
  await engine.started(0)
  await clock.advance(5000)
  expect([engine.runs.length, room.active]).toEqual([1, 1])
  await takeSlot(room, { tenant: 'voice' })
  expect([engine.runs.length, room.active]).toEqual([1, 2])
})

test('[JB4] jobs that wait take nothing from the queue of requests, and no slot where nothing waits', async () => {
  const { room, submit, reached, clock, jobs, done } = openJobs(() => says('a'), { capacity: 1, maxWaiting: 1 })
  const slot = await takeSlot(room)
  const ids = [await submit(), await submit(), await submit()]
  await clock.advance(0)
  expect(room.queued).toBe(0)
  const request = takeSlot(room)
  expect(room.queued).toBe(1)
  slot[Symbol.dispose]()
  const next = await request
  next[Symbol.dispose]()
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

test('[JB4] a full queue of requests keeps no job from its turn', async () => {
  const { room, submit, reached, clock, engine, observer } = openJobs(() => says('a'), { maxWaiting: 0 })
  const slot = await takeSlot(room)
  const id = await submit()
  await clock.advance(5000)
  expect([room.queued, engine.runs.length]).toEqual([0, 0])
  slot[Symbol.dispose]()
  expect(await reached(id, 'completed')).toMatchObject({ output: 'a' })
  expect(observer.of('job-store-failed')).toEqual([])
})

test('[JB4] waiting does not count towards the limit of a job', async () => {
  const { room, clock, engine, submit, reached, get } = openJobs(() => [forever()])
  const request = await takeSlot(room)
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

test('[JB17] the jobs of a tenant with many of them keep no other tenant’s job from its turn', async () => {
  const { engine, submit, done } = openJobs(({ history }) => says(`did ${history[0]?.text}`))
  const ids = []
  for (const prompt of ['loud 1', 'loud 2', 'loud 3']) ids.push(await submit({ tenant: 'loud', prompt, priority: 9 }))
  for (const prompt of ['quiet 1', 'quiet 2']) ids.push(await submit({ tenant: 'quiet', prompt }))
  for (const id of ids) await done(id)
  expect(engine.runs.map(({ request }) => request.history[0]?.text)).toEqual([
    'loud 1',
    'quiet 1',
    'loud 2',
    'quiet 2',
    'loud 3',
  ])
})

test('[JB18] a tenant whose jobs hang leaves the last slot of jobs to another tenant’s', async () => {
  const { submit, reached, get, done } = openJobs(({ tenant }) => (tenant === 'loud' ? [forever()] : says('served')), {
    capacity: 3,
    maxPerTenant: 2,
  })
  const loud = []
  for (let job = 0; job < 4; job++) loud.push(await submit({ tenant: 'loud' }))
  await reached(loud[1] ?? '', 'running')
  const quiet = await submit({ tenant: 'quiet' })
  expect(await done(quiet)).toMatchObject({ output: 'served' })
  const statuses = []
  for (const id of loud) statuses.push((await get(id))?.status)
  expect(statuses).toEqual(['running', 'running', 'queued', 'queued'])
})

test('[AU3] jobs of several tenants are each asked as their own tenant’s', async () => {
  const { engine, submit, reached } = openJobs(() => [forever()], { capacity: 2 })
  await reached(await submit(), 'running')
  await reached(await submit({ tenant: 'other' }), 'running')
  await engine.started(1)
  expect(engine.runs.map(({ request }) => request.tenant)).toEqual(['t', 'other'])
})
