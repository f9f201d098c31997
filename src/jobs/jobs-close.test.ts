import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryJobs } from '../../test/support/memory-jobs.ts'
import { failure, openJobs, order } from '../../test/support/open-jobs.ts'
import { forever, says, text } from '../../test/support/scripted-engine.ts'

test('[JB9] [CA5] closing stops what runs, waits for it and hands it back; it goes on at the next start', async () => {
  const clock = createManualClock()
  const store = createMemoryJobs({ clock })
  const stopping = Promise.withResolvers<void>()
  const first = openJobs(() => [text('a'), forever()], { clock, store, removing: () => stopping.promise })
  const running = await first.submit()
  const waiting = await first.submit()
  const run = await first.engine.started(0)
  await clock.advance(500)
  let closed = false
  const closing = first.jobs.close().then(() => {
    closed = true
  })
  await run.ended
  await clock.advance(0)
  expect([closed, (await store.get(running))?.status]).toEqual([false, 'running'])
  stopping.resolve()
  await closing
  expect(await store.get(running)).toMatchObject({ status: 'queued', attempt: 1, failures: 0 })
  expect(await store.get(waiting)).toMatchObject({ status: 'queued', attempt: 0 })
  expect([first.room.active, first.room.queued, clock.armed, first.workspaces.opened[0]?.isOpen]).toEqual([
    0,
    0,
    0,
    false,
  ])
  expect(first.observer.of('job-failed')).toEqual([])

  const second = openJobs(() => says('b'), { clock, store, start: false })
  second.jobs.start({ eager: true })
  expect(await second.done(running)).toMatchObject({ status: 'completed', output: 'b', attempt: 2, failures: 0 })
  expect(await second.done(waiting)).toMatchObject({ status: 'completed', output: 'b', attempt: 1 })
  await second.jobs.close()
})

test('[JB9] a job that a closing server cannot hand back is not waited with', async () => {
  const { submit, engine, jobs, clock, observer } = openJobs(() => [forever()], {
    through: (store) => ({
      ...store,
      async handBack() {
        throw new Error('no connection')
      },
    }),
  })
  await submit()
  await engine.started(0)
  await jobs.close()
  expect([clock.armed, observer.of('job-store-failed').map(({ what }) => what)]).toEqual([0, ['hand-back']])
})

test('[JB9] an outcome that could not be written before the close is tried once more, then left', async () => {
  const { submit, jobs, clock, observer } = openJobs(() => says('a'), {
    through: (store) => ({
      ...store,
      async finish() {
        throw new Error('no connection')
      },
    }),
  })
  await submit()
  await observer.until(({ type }) => type === 'job-store-failed')
  await jobs.close()
  expect([clock.armed, observer.of('job-store-failed').map(({ what }) => what)]).toEqual([0, ['finish', 'finish']])
})

test('[JB9] after closing no job is taken; closing again, or before anything, is done at once', async () => {
  const opened = openJobs(() => says('a'))
  await opened.jobs.close()
  expect(await failure(opened.jobs.submit(order()))).toMatchObject({ code: 'shutting_down' })
  expect(await failure(opened.jobs.list('t', {}, { limit: 1 }))).toMatchObject({ code: 'shutting_down' })
  await opened.jobs.close()
  expect([opened.engine.runs.length, opened.clock.armed, opened.openings]).toEqual([0, 0, 0])
})

test('[JB9] a store that is opened while the server closes sets nothing going', async () => {
  const gate = Promise.withResolvers<void>()
  const { jobs, clock, engine } = openJobs(() => says('a'), {
    openStore: async (store) => {
      await gate.promise
      return store
    },
  })
  jobs.start({ eager: true })
  const closing = jobs.close()
  gate.resolve()
  await closing
  await clock.advance(10_000)
  expect([engine.runs.length, clock.armed]).toEqual([0, 0])
})

test('[LG2] closing leaves no timer, also when jobs have finished before', async () => {
  const { jobs, clock, submit, done } = openJobs(() => says('a'))
  await done(await submit())
  await clock.advance(5000)
  await jobs.close()
  expect(clock.armed).toBe(0)
})
