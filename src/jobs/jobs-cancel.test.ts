import { expect, test } from 'vitest'
import { openJobs } from '../../test/support/open-jobs.ts'
import { forever, says, text } from '../../test/support/scripted-engine.ts'

test('[JB12] a job that waits is cancelled and never runs', async () => {
  const { submit, reached, jobs, engine, clock, told, events } = openJobs(() => [forever()])
  const running = await submit()
  await reached(running, 'running')
  const id = await submit()
  expect(await jobs.cancel({ tenant: 't', id })).toMatchObject({ id, status: 'cancelled' })
  expect(await jobs.cancel({ tenant: 't', id: running })).toMatchObject({ status: 'cancelled' })
  await clock.advance(10_000)
  expect(engine.runs).toHaveLength(1)
  expect(told(id)).toEqual(['queued', 'cancelled'])
  expect((await events(id)).map(({ type }) => type)).toEqual(['queued', 'ended'])
})

test('[JB12] a job that runs is cancelled: its run has stopped and its workspace is gone before that is told', async () => {
  const stopping = Promise.withResolvers<void>()
  const opened = openJobs(() => [text('a'), forever()], { removing: () => stopping.promise })
  const { submit, engine, jobs, clock, workspaces, room, get, told, observer } = opened
  const id = await submit()
  const run = await engine.started(0)
  await clock.advance(200)
  let answered = false
  const cancelling = jobs.cancel({ tenant: 't', id }).finally(() => {
    answered = true
  })
  await run.ended
  await clock.advance(0)
  expect([answered, (await get(id))?.status]).toEqual([false, 'cancelled'])
  stopping.resolve()
  expect(await cancelling).toMatchObject({ status: 'cancelled', attempt: 1 })
  expect(workspaces.opened[0]?.isOpen).toBe(false)
  await clock.advance(0)
  expect([workspaces.opened[0]?.isOpen, room.active]).toEqual([false, 0])
  expect(await get(id)).not.toHaveProperty('output')
  expect(told(id)).toEqual(['queued', 'running', 'cancelled'])
  // What was asked for is no failure.
  expect(observer.of('job-failed')).toEqual([])
})

test('[JB12] a job that is cancelled while its workspace is made leaves none', async () => {
  const { submit, reached, jobs, engine, workspaces, room, clock } = openJobs(() => says('a'), {
    opening: () => forever(),
  })
  const id = await submit()
  await reached(id, 'running')
  await jobs.cancel({ tenant: 't', id })
  await clock.advance(0)
  expect([engine.runs.length, workspaces.opened.length, room.active]).toEqual([0, 0, 0])
})

test('[JB12] a job that is cancelled just as it begins is stopped too', async () => {
  const gate = Promise.withResolvers<void>()
  const beginning = Promise.withResolvers<void>()
  const { submit, jobs, engine, clock, room, get } = openJobs(() => [forever()], {
    through: (store) => ({
      ...store,
      async begin(options) {
        const attempt = await store.begin(options)
        beginning.resolve()
        await gate.promise
        return attempt
      },
    }),
  })
  const id = await submit()
  await beginning.promise
  let answered = false
  const cancelling = jobs.cancel({ tenant: 't', id }).finally(() => {
    answered = true
  })
  await clock.advance(0)
  expect(answered).toBe(false)
  gate.resolve()
  expect(await cancelling).toMatchObject({ status: 'cancelled' })
  expect((await get(id))?.status).toBe('cancelled')
  for (const run of engine.runs) await run.ended
  await clock.advance(0)
  expect(room.active).toBe(0)
})

test('[JB12] a job that is over stays as it is', async () => {
  const { submit, done, jobs, get, told } = openJobs(() => says('a'))
  const id = await submit()
  const job = await done(id)
  expect(await jobs.cancel({ tenant: 't', id })).toStrictEqual(job)
  expect(await get(id)).toStrictEqual(job)
  expect(told(id)).toEqual(['queued', 'running', 'completed'])
})

test('[JB12] a job that is cancelled many times at once is cancelled once', async () => {
  const { submit, engine, jobs, events } = openJobs(() => [forever()])
  const id = await submit()
  await engine.started(0)
  const answers = await Promise.all(Array.from({ length: 5 }, () => jobs.cancel({ tenant: 't', id })))
  expect(answers.map((job) => job?.status)).toEqual(Array.from({ length: 5 }, () => 'cancelled'))
  expect((await events(id)).filter(({ type }) => type === 'ended')).toHaveLength(1)
})

test('[JB12] a job that is cancelled by way of another server is stopped within a second', async () => {
  const { submit, engine, store, clock, workspaces, room, get } = openJobs(() => [forever()])
  const id = await submit()
  const run = await engine.started(0)
  await store.cancel(id)
  await clock.advance(1000)
  await run.ended
  await clock.advance(0)
  expect([(await get(id))?.status, workspaces.opened[0]?.isOpen, room.active]).toEqual(['cancelled', false, 0])
})
