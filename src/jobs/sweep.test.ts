import { expect, test } from 'vitest'
import { openJobs } from '../../test/support/open-jobs.ts'
import { forever, says } from '../../test/support/scripted-engine.ts'

test('[JB5] a finished job can be looked up until its time is over, then it is gone', async () => {
  const { submit, clock, done, get } = openJobs(() => says('a'), { ttlMs: 60_000 })
  const id = await submit()
  await done(id)
  await clock.advance(59_999)
  expect((await get(id))?.status).toBe('completed')
  await clock.advance(10_001)
  expect(await get(id)).toBeUndefined()
})

test('[JB5] a time that is shorter than the sweep is kept too', async () => {
  const { submit, clock, done, get } = openJobs(() => says('a'), { ttlMs: 50 })
  const id = await submit()
  await done(id)
  await clock.advance(49)
  expect((await get(id))?.status).toBe('completed')
  await clock.advance(51)
  expect(await get(id)).toBeUndefined()
})

test('[JB5] a job that waits or runs stays, however old it is; each has its own time', async () => {
  const { submit, clock, done, reached, get } = openJobs((_, index) => (index < 2 ? says('a') : [forever()]), {
    ttlMs: 10_000,
  })
  const early = await submit()
  await done(early)
  await clock.advance(6000)
  const late = await submit()
  await done(late)
  const running = await submit({ timeoutMs: 86_400_000 })
  const waiting = await submit()
  await reached(running, 'running')
  await clock.advance(5000)
  await clock.advance(4999)
  expect([await get(early), (await get(late))?.status]).toEqual([undefined, 'completed'])
  await clock.advance(1_000_000)
  expect(await get(late)).toBeUndefined()
  expect((await get(running))?.status).toBe('running')
  expect((await get(waiting))?.status).toBe('queued')
})

test('[JB5] a sweep that fails is reported, and the next one is made', async () => {
  let fails = true
  const { submit, clock, done, get, observer } = openJobs(() => says('a'), {
    ttlMs: 500,
    through: (store) => ({
      ...store,
      async deleteFinished(options) {
        if (fails) throw new Error('no disk')
        return await store.deleteFinished(options)
      },
    }),
  })
  const id = await submit()
  await done(id)
  await clock.advance(500)
  expect(observer.of('cleanup-failed').map(({ error }) => error)).toEqual([new Error('no disk')])
  fails = false
  await clock.advance(500)
  expect(await get(id)).toBeUndefined()
})
