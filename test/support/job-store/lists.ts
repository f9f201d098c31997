import { expect, test } from 'vitest'
import type { JobFilter, JobStore } from '../../../src/core/index.ts'
import { begin, begun, completed, eventsOf, finished, submit, type OpenJobStore } from './under-test.ts'

/** The ids of all pages, in order. */
async function pages(store: JobStore, filter: JobFilter, limit: number): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = []
  let after: string | undefined
  do {
    const { items, next } = await store.list('t', filter, { limit, ...(after === undefined ? {} : { after }) })
    all.push(items.map(({ id }) => id))
    after = next
  } while (after !== undefined)
  return all
}

export function describeJobLists(open: OpenJobStore): void {
  test('[JB7] jobs are listed newest first, page by page, each once', async () => {
    const { store } = await open()
    expect(await store.list('t', {}, { limit: 10 })).toStrictEqual({ items: [] })
    const ids: string[] = []
    for (let index = 0; index < 7; index++) ids.unshift((await submit(store, { prompt: String(index) })).id)
    expect(await pages(store, {}, 3)).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)])
    expect(await pages(store, {}, 7)).toEqual([ids])
    expect(await pages(store, {}, 200)).toEqual([ids])
    const { prompt: _, ...summary } = (await store.get(ids[0] ?? '')) ?? { prompt: '' }
    expect((await store.list('t', {}, { limit: 1 })).items[0]).toMatchObject(summary)
  })

  test('[JB7] a page goes on where the one before ended, whatever has come or changed since', async () => {
    const { store } = await open()
    const ids: string[] = []
    for (let index = 0; index < 6; index++) ids.unshift((await submit(store)).id)
    const first = await store.list('t', {}, { limit: 2 })
    await submit(store)
    await store.cancel(ids[0] ?? '')
    await store.finish(await begun(store), completed)
    const second = await store.list('t', {}, { limit: 2, after: first.next ?? '' })
    expect(second.items.map(({ id }) => id)).toEqual(ids.slice(2, 4))
  })

  test('[JB7] a list is filtered by status and agent, and holds one tenant’s', async () => {
    const { store } = await open()
    const done = await finished(store, { agent: 'a' })
    const cancelled = await submit(store, { agent: 'b' })
    await store.cancel(cancelled.id)
    const queued = await submit(store, { agent: 'a' })
    const other = await submit(store, { tenant: 'other', agent: 'a' })
    const ids = async (filter: JobFilter, tenant = 't'): Promise<readonly string[]> =>
      (await store.list(tenant, filter, { limit: 10 })).items.map(({ id }) => id)
    expect(await ids({})).toEqual([queued.id, cancelled.id, done.id])
    expect(await ids({ status: 'completed' })).toEqual([done.id])
    expect(await ids({ status: 'cancelled' })).toEqual([cancelled.id])
    expect(await ids({ status: 'running' })).toEqual([])
    expect(await ids({ agent: 'a' })).toEqual([queued.id, done.id])
    expect(await ids({ agent: 'a', status: 'queued' })).toEqual([queued.id])
    expect(await ids({ agent: "a' or true --" })).toEqual([])
    expect(await ids({ agent: 'a\0' })).toEqual([])
    expect(await ids({}, 'other')).toEqual([other.id])
    expect(await ids({}, 'nobody')).toEqual([])
  })

  test('[JB7] a point that is none of ours begins the list anew', async () => {
    const { store } = await open()
    const ids: string[] = []
    for (let index = 0; index < 2; index++) ids.unshift((await submit(store)).id)
    for (const after of ['', 'x', '-1', '1.5', '9'.repeat(40), "'; --", '\0', ids[0] ?? ''])
      expect((await store.list('t', {}, { limit: 10, after })).items.map(({ id }) => id)).toEqual(ids)
  })

  test('[JB5] jobs that finished by a time are removed with all that belongs to them, and no other', async () => {
    const { store, reopen } = await open()
    const patch = new Uint8Array([1])
    const old = await finished(store, { idempotencyKey: 'k' }, { ...completed, patch })
    const dropped = await submit(store)
    await store.cancel(dropped.id)
    const removed = await store.get(dropped.id)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const late = await finished(store, {}, { ...completed, patch })
    const running = await submit(store)
    await begun(store)
    const queued = await submit(store)
    const finishedBeforeMs = removed?.finishedAtMs ?? 0
    const first = await store.get(old.id)
    expect(await store.deleteFinished({ finishedBeforeMs: (first?.finishedAtMs ?? 0) - 1 })).toBe(0)
    expect(await store.deleteFinished({ finishedBeforeMs })).toBe(2)
    const again = await reopen()
    for (const each of [store, again]) {
      for (const { id } of [old, dropped]) {
        expect(await each.get(id)).toBeUndefined()
        expect(await each.patch(id)).toBeUndefined()
        expect(await each.events(id, { after: 0, limit: 10 })).toEqual([])
      }
      expect(await each.patch(late.id)).toEqual(patch)
      expect(await eventsOf(each, late.id)).toHaveLength(3)
      expect((await each.list('t', {}, { limit: 10 })).items.map(({ id }) => id)).toEqual([
        queued.id,
        running.id,
        late.id,
      ])
    }
    expect(await store.deleteFinished({ finishedBeforeMs })).toBe(0)
    // The key is free again.
    expect((await submit(store, { idempotencyKey: 'k', prompt: 'other' })).status).toBe('queued')
    expect((await begun(store)).job.id).toBe(queued.id)
  })

  test('[JB9] what was kept is there after opening it again, and goes on', async () => {
    const { store, reopen } = await open()
    const done = await finished(store)
    const waiting = await submit(store, { priority: 3 })
    const again = await reopen()
    expect(await again.get(done.id)).toMatchObject({ status: 'completed', output: 'Готово' })
    expect(await eventsOf(again, done.id)).toHaveLength(3)
    expect((await begun(again)).job).toMatchObject({ id: waiting.id, attempt: 1 })
    expect(await begin(store)).toBeUndefined()
  })
}
