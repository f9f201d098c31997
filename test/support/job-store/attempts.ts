import { expect, test } from 'vitest'
import { newId, type Attempt, type JobOutcome, type JobStore } from '../../../src/core/index.ts'
import {
  begin,
  begun,
  completed,
  eventsOf,
  finished,
  MAX_FAILURES,
  order,
  submit,
  typesOf,
  type OpenJobStore,
  batch,
} from './under-test.ts'

/** Nothing that an attempt writes counts, and the job and its events stay as they are. */
async function expectDeaf(store: JobStore, attempt: Attempt): Promise<void> {
  const { id } = attempt.job
  const before = [await store.get(id), await eventsOf(store, id), await store.patch(id)]
  expect(await store.append(attempt, batch([{ type: 'text', text: 'zombie' }]))).toBe(false)
  expect(await store.handBack(attempt, { delayMs: 0 })).toBe(false)
  expect(await store.handBack(attempt, { delayMs: 0, failed: { error: 'zombie' } })).toBe(false)
  expect(await store.finish(attempt, { ...completed, patch: new Uint8Array([1]) })).toBe(false)
  expect(await store.beat([attempt])).toEqual([attempt])
  expect([await store.get(id), await eventsOf(store, id), await store.patch(id)]).toEqual(before)
}

export function describeJobAttempts(open: OpenJobStore): void {
  test('[JB4] the higher priority is begun first, and of one priority the older', async () => {
    const { store } = await open()
    const ids: string[] = []
    for (const priority of [0, -100, 100, 0, 100]) ids.push((await submit(store, { priority })).id)
    const begunInOrder: number[] = []
    for (let index = 0; index < 5; index++) begunInOrder.push(ids.indexOf((await begun(store)).job.id))
    expect(begunInOrder).toEqual([2, 4, 0, 3, 1])
  })

  test('[JB17] tenants take turns, whoever has most jobs; priority counts within a tenant', async () => {
    const { store } = await open()
    const names = new Map<string, string>()
    const bring = async (tenant: string, name: string, priority = 0): Promise<void> =>
      void names.set((await submit(store, { tenant, priority })).id, name)
    const next = async () => {
      const attempt = await begun(store)
      return { attempt, name: names.get(attempt.job.id) }
    }
    for (let index = 0; index < 3; index++) await bring('loud', `loud ${index}`, 100)
    await bring('quiet', 'quiet 0')
    await bring('quiet', 'quiet urgent', 1)
    await bring('Ж', 'Ж 0')
    const first = await next()
    const [second, third] = [await next(), await next()]
    expect([first, second, third].map(({ name }) => name)).toEqual(['loud 0', 'quiet urgent', 'Ж 0'])
    // Of those with nothing under way the one that was served least recently is next.
    for (const { attempt } of [first, second, third]) expect(await store.finish(attempt, completed)).toBe(true)
    await bring('Ж', 'Ж 1')
    const fourth = await next()
    expect(fourth.name).toBe('loud 1')
    // Of those with as many under way too.
    expect(await store.finish(fourth.attempt, completed)).toBe(true)
    expect((await next()).name).toBe('quiet 0')
    expect((await next()).name).toBe('Ж 1')
    expect((await next()).name).toBe('loud 2')
    expect(await begin(store)).toBeUndefined()
  })

  test('[JB18] jobs of tenants that are passed over stay queued, and the next tenant’s is begun', async () => {
    const { store } = await open()
    const loud = await submit(store, { tenant: 'Ж', priority: 100 })
    const quiet = await submit(store, { tenant: 'quiet' })
    const except = ['Ж']
    expect((await store.begin({ maxFailures: MAX_FAILURES, except }))?.job.id).toBe(quiet.id)
    expect(await store.begin({ maxFailures: MAX_FAILURES, except })).toBeUndefined()
    expect((await begun(store)).job.id).toBe(loud.id)
  })

  test('[JB17] a job that is not due yet keeps no other tenant’s job from its turn', async () => {
    const { store } = await open()
    await submit(store, { tenant: 'a' })
    const attempt = await begun(store)
    expect(await store.handBack(attempt, { delayMs: 3_600_000 })).toBe(true)
    const other = await submit(store, { tenant: 'b' })
    const newer = await submit(store, { tenant: 'b' })
    expect((await begun(store)).job.id).toBe(other.id)
    expect((await begun(store)).job.id).toBe(newer.id)
    expect(await begin(store)).toBeUndefined()
  })

  test('[JB4] no job is begun twice, however many take at once', async () => {
    const { store, reopen } = await open()
    const other = await reopen()
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await submit(store)).id))
    const taken: string[] = []
    const take = async (from: JobStore): Promise<void> => {
      for (let attempt = await begin(from); attempt !== undefined; attempt = await begin(from))
        taken.push(attempt.job.id)
    }
    while (taken.length < ids.length) await Promise.all([take(store), take(other), take(store), take(other)])
    expect(taken.toSorted()).toEqual(ids.toSorted())
  })

  test('[JB2] an attempt that begins is told of in its job', async () => {
    const { store } = await open()
    const queued = await submit(store)
    const { job } = await begun(store)
    expect(job).toStrictEqual({ ...queued, status: 'running', attempt: 1, startedAtMs: expect.any(Number) })
    expect(job.startedAtMs).toBeGreaterThanOrEqual(job.createdAtMs)
    expect(await store.get(job.id)).toStrictEqual(job)
    expect(await eventsOf(store, job.id)).toMatchObject([{ type: 'queued' }, { type: 'started', attempt: 1 }])
  })

  test('[JB3] the outcome of an attempt ends its job, all of it or as much as there is', async () => {
    const { store, reopen } = await open()
    const full = {
      ...completed,
      exitCode: 0,
      costUsd: 0.012_34,
      usage: { inputTokens: 1, cacheReadTokens: 2, cacheWriteTokens: 3, outputTokens: 4, reasoningTokens: 0 },
      commits: [{ id: 'a'.repeat(40), subject: 'Ж 🙂', author: 'A <a@e.com>', atMs: 1_700_000_000_000 }],
      pushed: { branch: 'b', commit: 'c'.repeat(40) },
    }
    const done = await finished(store, {}, { ...full, patch: new Uint8Array([1]) })
    const failed = await finished(store, {}, { status: 'failed', error: 'Не стана.', errorCode: 'cli_failed' })
    const again = await reopen()
    for (const each of [store, again]) {
      expect(await each.get(done.id)).toStrictEqual({
        ...done,
        ...full,
        hasPatch: true,
        finishedAtMs: expect.any(Number),
      })
      expect(await each.get(failed.id)).toStrictEqual({
        ...failed,
        status: 'failed',
        error: 'Не стана.',
        errorCode: 'cli_failed',
        finishedAtMs: expect.any(Number),
      })
      expect((await eventsOf(each, done.id)).at(-1)).toMatchObject({ type: 'ended', status: 'completed' })
      expect((await eventsOf(each, failed.id)).at(-1)).toMatchObject({ type: 'ended', status: 'failed' })
    }
    expect(await begin(store)).toBeUndefined()
  })

  test('[JB8] a job that was handed back is begun again when its time has come, not before', async () => {
    const { store } = await open()
    const { id } = await submit(store)
    const first = await begun(store)
    expect(await store.handBack(first, { delayMs: 1500, failed: { error: 'Не стана.' } })).toBe(true)
    const handedBackAtMs = Date.now()
    expect(await store.get(id)).toMatchObject({ status: 'queued', attempt: 1, failures: 1 })
    expect((await eventsOf(store, id)).at(-1)).toMatchObject({ type: 'retrying', error: 'Не стана.', inMs: 1500 })
    expect(await begin(store)).toBeUndefined()
    // Others do not wait for it.
    const other = await submit(store)
    expect((await begun(store)).job.id).toBe(other.id)
    const second = await begun(store)
    expect(Date.now() - handedBackAtMs).toBeGreaterThanOrEqual(1400)
    expect(second.job).toMatchObject({ id, attempt: 2, failures: 1, status: 'running' })
    await expectDeaf(store, first)
    expect(await store.finish(second, completed)).toBe(true)
  })

  test('[JB9] a job that is handed back without a failure has none, and may be begun at once', async () => {
    const { store } = await open()
    const { id } = await submit(store)
    for (let attempt = 1; attempt <= MAX_FAILURES + 2; attempt++) {
      const each = await begun(store)
      expect(each.job).toMatchObject({ id, attempt, failures: 0 })
      expect(await store.handBack(each, { delayMs: 0 })).toBe(true)
      expect((await eventsOf(store, id)).at(-1)?.type).toBe('queued')
    }
    expect(await store.get(id)).toMatchObject({ status: 'queued', failures: 0 })
  })

  test('[JB10] an attempt that is heard of goes on; one that is not is begun again, and counts no longer', async () => {
    const { store, loseHeartbeats } = await open()
    const { id } = await submit(store)
    const first = await begun(store)
    expect(await store.append(first, batch([{ type: 'text', text: 'a' }]))).toBe(true)
    expect(await store.beat([first])).toEqual([])
    expect(await begin(store)).toBeUndefined()
    await loseHeartbeats()
    const second = await begun(store)
    expect(second.job).toMatchObject({ id, attempt: 2, failures: 1 })
    await expectDeaf(store, first)
    expect(await store.beat([first, second])).toEqual([first])
    expect(await store.append(second, batch([{ type: 'text', text: 'b' }]))).toBe(true)
    expect(await store.finish(second, completed)).toBe(true)
    expect(await store.get(id)).toMatchObject({ status: 'completed', attempt: 2, output: 'Готово' })
    const events = await eventsOf(store, id)
    expect(events.filter(({ type }) => type === 'text')).toMatchObject([{ text: 'a' }, { text: 'b' }])
    expect(events.at(-1)).toMatchObject({ type: 'ended', status: 'completed' })
  })

  test('[JB10] a job whose attempts are lost as often as may be ends as error, and the next one is begun', async () => {
    const { store, loseHeartbeats } = await open()
    const { id } = await submit(store)
    for (let attempt = 1; attempt <= MAX_FAILURES; attempt++) {
      const each = await begun(store)
      expect(each.job).toMatchObject({ id, attempt, failures: attempt - 1 })
      await loseHeartbeats()
    }
    const next = await submit(store)
    expect((await begun(store)).job.id).toBe(next.id)
    expect(await begin(store)).toBeUndefined()
    expect(await store.get(id)).toMatchObject({
      status: 'error',
      error: expect.any(String),
      finishedAtMs: expect.any(Number),
    })
    expect((await eventsOf(store, id)).at(-1)).toMatchObject({ type: 'ended', status: 'error' })
  })

  test('[JB12] a job that waits is cancelled and never begun', async () => {
    const { store } = await open()
    const { id } = await submit(store)
    const cancelled = await store.cancel(id)
    expect(cancelled).toMatchObject({ id, status: 'cancelled', attempt: 0, finishedAtMs: expect.any(Number) })
    expect(await store.get(id)).toStrictEqual(cancelled)
    expect(await typesOf(store, id)).toEqual(['queued', 'ended'])
    expect((await eventsOf(store, id)).at(-1)).toMatchObject({ status: 'cancelled' })
    expect(await begin(store)).toBeUndefined()
    // It frees its room in the queue.
    expect(await store.submit(newId('job_'), order(), { maxQueued: 1 })).toMatchObject({ created: true })
  })

  test('[JB12] a job that runs is cancelled, and its attempt counts no longer', async () => {
    const { store, loseHeartbeats } = await open()
    const { id } = await submit(store)
    const attempt = await begun(store)
    expect(await store.cancel(id)).toMatchObject({ status: 'cancelled', attempt: 1 })
    await expectDeaf(store, attempt)
    await loseHeartbeats()
    expect(await begin(store)).toBeUndefined()
    expect(await typesOf(store, id)).toEqual(['queued', 'started', 'ended'])
  })

  test('[JB12] a job that is to be tried again is cancelled too', async () => {
    const { store } = await open()
    const { id } = await submit(store)
    await store.handBack(await begun(store), { delayMs: 0, failed: { error: 'e' } })
    expect(await store.cancel(id)).toMatchObject({ status: 'cancelled' })
    expect(await begin(store)).toBeUndefined()
  })

  test('[JB12] a job that is over stays as it is, and is cancelled once', async () => {
    const { store } = await open()
    const statuses: readonly JobOutcome['status'][] = ['completed', 'failed', 'timeout', 'error']
    for (const status of statuses) {
      const { id } = await finished(store, {}, { ...completed, status })
      const before = await store.get(id)
      expect(await store.cancel(id)).toStrictEqual(before)
      expect(await store.get(id)).toStrictEqual(before)
      expect(await typesOf(store, id)).toEqual(['queued', 'started', 'ended'])
    }
    const { id } = await submit(store)
    const answers = await Promise.all(Array.from({ length: 10 }, () => store.cancel(id)))
    for (const answer of answers) expect(answer).toStrictEqual(answers[0])
    expect(await typesOf(store, id)).toEqual(['queued', 'ended'])
  })

  test('[JB10] an end that is written twice is written once', async () => {
    const { store } = await open()
    await submit(store)
    const attempt = await begun(store)
    const answers = await Promise.all(Array.from({ length: 10 }, () => store.finish(attempt, completed)))
    expect(answers.filter(Boolean)).toHaveLength(1)
    await expectDeaf(store, attempt)
  })

  test('[JB12] of an end and a cancellation at the same time one counts', async () => {
    const { store } = await open()
    for (let round = 0; round < 10; round++) {
      const { id } = await submit(store)
      const attempt = await begun(store)
      const [isFinished] = await Promise.all([store.finish(attempt, completed), store.cancel(id)])
      expect((await store.get(id))?.status).toBe(isFinished ? 'completed' : 'cancelled')
      expect((await typesOf(store, id)).filter((type) => type === 'ended')).toHaveLength(1)
    }
  })

  test('[JB9] a batch of events that is written again, because its answer was lost, is there once', async () => {
    const { store } = await open()
    await submit(store)
    const attempt = await begun(store)
    const twice = batch([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ])
    for (let time = 0; time < 2; time++) expect(await store.append(attempt, twice)).toBe(true)
    expect(await store.append(attempt, batch([{ type: 'text', text: 'a' }]))).toBe(true)
    expect(await typesOf(store, attempt.job.id)).toEqual(['queued', 'started', 'text', 'text', 'text'])
  })

  test('[JB9] one that was taken for dead and hands its job back leaves one job to begin, and not before its time', async () => {
    const { store, loseHeartbeats } = await open()
    const { id } = await submit(store)
    const attempt = await begun(store)
    await loseHeartbeats()
    expect(await store.handBack(attempt, { delayMs: 1500, failed: { error: 'busy' } })).toBe(true)
    expect(await begin(store)).toBeUndefined()
    const again = await begun(store)
    expect(again.job).toMatchObject({ id, attempt: 2, failures: 1 })
    await loseHeartbeats()
    // Nobody but this attempt was under way: the loss is its own, and the next one is the only one.
    expect((await begun(store)).job).toMatchObject({ id, attempt: 3, failures: 2 })
    expect(await begin(store)).toBeUndefined()
  })
}
