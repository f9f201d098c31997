import { expect, test } from 'vitest'
import { newId } from '../../../src/core/index.ts'
import {
  begin,
  begun,
  eventsOf,
  finished,
  isSubmitted,
  order,
  submit,
  typesOf,
  type OpenJobStore,
} from './under-test.ts'

export function describeJobSubmission(open: OpenJobStore): void {
  test('[JB1] a job that was submitted is kept, queued and told of', async () => {
    const { store, reopen } = await open()
    const before = Date.now() - 60_000
    const id = newId('job_')
    const submitted = await store.submit(id, order({ priority: 7, callbackUrl: 'https://e.com/x', pushTo: 'b' }), {
      maxQueued: 1,
    })
    expect(submitted).toStrictEqual({
      created: true,
      job: {
        ...order({ priority: 7, callbackUrl: 'https://e.com/x', pushTo: 'b' }),
        id,
        status: 'queued',
        attempt: 0,
        failures: 0,
        createdAtMs: expect.any(Number),
        hasPatch: false,
      },
    })
    if (!isSubmitted(submitted)) return
    expect(submitted.job.createdAtMs).toBeGreaterThan(before)
    for (const each of [store, await reopen()]) {
      expect(await each.get(id)).toStrictEqual(submitted.job)
      expect(await eventsOf(each, id)).toMatchObject([{ type: 'queued', sequence: 1 }])
      expect(await each.patch(id)).toBeUndefined()
    }
    expect((await begun(store)).job.id).toBe(id)
  })

  test('[JB2] a job that was never submitted is not there', async () => {
    const { store } = await open()
    for (const id of [newId('job_'), '', '__proto__', "'; drop table jobs; --"]) {
      expect(await store.get(id)).toBeUndefined()
      expect(await store.patch(id)).toBeUndefined()
      expect(await store.events(id, { after: 0, limit: 10 })).toEqual([])
      expect(await store.cancel(id)).toBeUndefined()
    }
    expect(await begin(store)).toBeUndefined()
  })

  test('[JB4] when as many are queued as may be, one more is refused and leaves nothing', async () => {
    const { store } = await open()
    await submit(store)
    await submit(store)
    const id = newId('job_')
    expect(await store.submit(id, order(), { maxQueued: 2 })).toBe('full')
    expect(await store.submit(id, order(), { maxQueued: 0 })).toBe('full')
    expect(await store.get(id)).toBeUndefined()
    expect(await store.events(id, { after: 0, limit: 10 })).toEqual([])
    // What runs, or is over, is not queued.
    await begun(store)
    expect(await store.submit(id, order(), { maxQueued: 2 })).toMatchObject({ created: true })
    expect(await store.submit(newId('job_'), order(), { maxQueued: 2 })).toBe('full')
  })

  test('[JB4] of jobs that come at once no more are taken than may be queued', async () => {
    const { store } = await open()
    const ids = Array.from({ length: 20 }, () => newId('job_'))
    const answers = await Promise.all(ids.map((id) => store.submit(id, order(), { maxQueued: 5 })))
    expect(answers.filter(isSubmitted)).toHaveLength(5)
    const kept = await Promise.all(ids.map((id) => store.get(id)))
    expect(kept.map((job) => job !== undefined)).toEqual(answers.map(isSubmitted))
    for (let index = 0; index < 5; index++) await begun(store)
    expect(await begin(store)).toBeUndefined()
  })

  test('[JB6] fifty submissions at once with one key are one job', async () => {
    const { store } = await open()
    const ids = Array.from({ length: 50 }, () => newId('job_'))
    const answers = await Promise.all(
      ids.map((id) => store.submit(id, order({ idempotencyKey: 'k' }), { maxQueued: 100 })),
    )
    const submitted = answers.filter(isSubmitted)
    expect(submitted).toHaveLength(50)
    expect(submitted.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(submitted.map(({ job }) => job.id)).size).toBe(1)
    expect((await store.list('t', {}, { limit: 100 })).items).toHaveLength(1)
    await begun(store)
    expect(await begin(store)).toBeUndefined()
  })

  test('[AD8] a tenant that fills the queue leaves another its share of it', async () => {
    const { store } = await open()
    const ask = async (tenant: string) => {
      const submitted = await store.submit(newId('job_'), order({ tenant }), { maxQueued: 4 })
      return isSubmitted(submitted) ? 'queued' : submitted
    }
    const loud = [await ask('loud'), await ask('loud'), await ask('loud'), await ask('loud'), await ask('loud')]
    expect(loud).toEqual(['queued', 'queued', 'queued', 'queued', 'full'])
    const quiet = [await ask('quiet'), await ask('quiet'), await ask('quiet')]
    expect(quiet).toEqual(['queued', 'queued', 'full'])
    expect(await ask('loud')).toBe('full')
  })

  test('[JB6] a key with the same order is the job that is there, whatever has become of it, also when the queue is full', async () => {
    const { store, reopen } = await open()
    const wanted = { idempotencyKey: 'k', metadata: '{"b":[1,{"c":null}],"a":"x"}' }
    const { id } = await finished(store, wanted)
    const later = await reopen()
    expect(await later.submit(newId('job_'), order(wanted), { maxQueued: 0 })).toMatchObject({
      created: false,
      job: { id, status: 'completed', output: 'Готово' },
    })
    expect(await typesOf(store, id)).toEqual(['queued', 'started', 'ended'])
  })

  test('[JB6] a key with another order is a mismatch, in whatever it differs', async () => {
    const { store } = await open()
    const wanted = { idempotencyKey: 'k', metadata: '{"a":[1,2]}' }
    const { id } = await submit(store, wanted)
    for (const fields of [
      { prompt: 'Проучи ' },
      { agent: 'other' },
      { model: 'haiku' },
      { budgetUsd: 0.6 },
      { timeoutMs: 1 },
      { priority: 1 },
      { metadata: '{"a":[2,1]}' },
      { metadata: '{}' },
      { callbackUrl: 'https://e.com' },
      { pushTo: 'b' },
    ]) {
      expect(await store.submit(newId('job_'), order({ ...wanted, ...fields }), { maxQueued: 100 })).toBe('mismatch')
    }
    expect((await store.list('t', {}, { limit: 10 })).items.map((job) => job.id)).toEqual([id])
  })

  test('[JB6] [AU3] a key is its tenant’s, and keys are told apart exactly', async () => {
    const { store } = await open()
    const jobs = [
      await submit(store, { idempotencyKey: 'k' }),
      await submit(store, { idempotencyKey: 'k', tenant: 'other', prompt: 'x' }),
      await submit(store, { idempotencyKey: 'K' }),
      await submit(store, { idempotencyKey: 'k2' }),
      await submit(store),
      await submit(store),
    ]
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(6)
  })

  test('[JB6] an order is the same where its request was, whatever the defaults have become', async () => {
    const { store } = await open()
    const first = await submit(store, { idempotencyKey: 'k', requestDigest: 'd', budgetUsd: 1 })
    expect(await submit(store, { idempotencyKey: 'k', requestDigest: 'd', budgetUsd: 2 })).toMatchObject({
      id: first.id,
    })
    expect(await store.submit('job_x', order({ idempotencyKey: 'k', requestDigest: 'e' }), { maxQueued: 1000 })).toBe(
      'mismatch',
    )
  })
}
