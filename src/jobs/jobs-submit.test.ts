import { expect, test } from 'vitest'
import { failure, openJobs, order, START_MS } from '../../test/support/open-jobs.ts'
import { forever, says } from '../../test/support/scripted-engine.ts'
import { GatewayError } from '../core/index.ts'

test('[JB1] a job is queued and stored when it is taken', async () => {
  const { jobs, get } = openJobs(() => [forever()])
  const { job, created } = await jobs.submit(order())
  expect(created).toBe(true)
  expect(job).toStrictEqual({
    ...order(),
    id: expect.stringMatching(/^job_[0-9a-f]{32}$/),
    status: 'queued',
    attempt: 0,
    failures: 0,
    createdAtMs: START_MS,
    hasPatch: false,
  })
  expect(await get(job.id)).toMatchObject({ id: job.id, metadata: '{"a":[1]}' })
})

test('[JB1] a job that cannot be stored is not taken and not run', async () => {
  let broken = true
  const { jobs, engine, room, submit, done } = openJobs(() => says('a'), {
    through: (store) => ({
      ...store,
      async submit(...args) {
        if (broken) throw new Error('no space left')
        return await store.submit(...args)
      },
    }),
  })
  expect(await failure(jobs.submit(order()))).toMatchObject({ message: 'no space left' })
  expect([room.active, engine.runs.length]).toEqual([0, 0])
  broken = false
  expect(await done(await submit())).toMatchObject({ status: 'completed', output: 'a' })
})

test('[JB1] a store that cannot be opened is told of, and the next call opens it', async () => {
  const error = new GatewayError('store_unavailable', 'The store cannot be opened.')
  let broken = true
  const opened = openJobs(() => says('a'), {
    openStore: async (store) => {
      if (broken) throw error
      return store
    },
  })
  expect(await failure(opened.jobs.submit(order()))).toBe(error)
  broken = false
  expect(await opened.done(await opened.submit())).toMatchObject({ status: 'completed' })
  await opened.submit()
  expect(opened.openings).toBe(2)
})

test('[JB2] a name that is no id of ours opens no store', async () => {
  const opened = openJobs(() => [])
  for (const id of ['job_unknown', '', '__proto__', 'job_\0', `job_${'g'.repeat(32)}`]) {
    expect(await opened.jobs.get({ tenant: 't', id })).toBeUndefined()
    expect(await opened.jobs.cancel({ tenant: 't', id })).toBeUndefined()
    expect(await opened.jobs.patch({ tenant: 't', id })).toBeUndefined()
  }
  expect(opened.openings).toBe(0)
})

test('[AU3] a job is its tenant’s, whatever is asked of it', async () => {
  const { jobs, submit, get } = openJobs(() => [forever()])
  const id = await submit()
  const other = { tenant: 'other', id }
  expect(await jobs.get(other)).toBeUndefined()
  expect(await jobs.patch(other)).toBeUndefined()
  expect(await jobs.cancel(other)).toBeUndefined()
  expect((await jobs.list('other', {}, { limit: 10 })).items).toEqual([])
  expect((await get(id))?.status).not.toBe('cancelled')
  expect((await jobs.list('t', {}, { limit: 10 })).items.map((job) => job.id)).toEqual([id])
})

test('[JB4] when the queue is full a job is refused with the time to wait, and leaves nothing', async () => {
  const { jobs, submit, reached, observer } = openJobs(() => [forever()], { maxQueued: 1 })
  await reached(await submit(), 'running')
  await submit()
  const seen = observer.seen.length
  expect(await failure(jobs.submit(order()))).toMatchObject({ code: 'job_queue_full', retryAfterSeconds: 1 })
  expect(observer.seen).toHaveLength(seen)
  expect((await jobs.list('t', {}, { limit: 10 })).items).toHaveLength(2)
})

test('[JB6] the same key with the same order is the same job, run once; with another it is refused', async () => {
  const { jobs, submit, done, engine, told } = openJobs(() => says('a'))
  const id = await submit({ idempotencyKey: 'k' })
  await done(id)
  const again = await jobs.submit(order({ idempotencyKey: 'k' }))
  expect(again).toMatchObject({ created: false, job: { id, status: 'completed' } })
  expect(await failure(jobs.submit(order({ idempotencyKey: 'k', prompt: 'x' })))).toMatchObject({
    code: 'invalid_request',
    param: 'idempotency-key',
  })
  expect(engine.runs).toHaveLength(1)
  expect(told(id)).toEqual(['queued', 'running', 'completed'])
})

test('[JB9] nothing runs before the start; work that was left goes on when the store is opened for it', async () => {
  const opened = openJobs(() => says('a'), { start: false })
  const id = await opened.submit()
  await opened.clock.advance(60_000)
  expect([opened.engine.runs.length, opened.clock.armed]).toEqual([0, 0])
  opened.jobs.start({ eager: false })
  expect(await opened.done(id)).toMatchObject({ status: 'completed', output: 'a' })
})

test('[JB9] a store that cannot be opened at the start is tried again until it can', async () => {
  let failing = 2
  const opened = openJobs(() => says('a'), {
    start: false,
    openStore: async (store) => {
      if (failing-- > 0) throw new GatewayError('store_unavailable', 'The store cannot be opened.')
      return store
    },
  })
  const left = await opened.store.submit('job_left', order(), { maxQueued: 1 })
  expect(left).toMatchObject({ created: true })
  opened.jobs.start({ eager: true })
  await opened.clock.advance(1000)
  expect(opened.engine.runs).toHaveLength(0)
  await opened.clock.advance(2000)
  expect(await opened.done('job_left')).toMatchObject({ status: 'completed' })
  expect(opened.observer.of('job-store-failed').map(({ what }) => what)).toEqual(['open', 'open'])
})
