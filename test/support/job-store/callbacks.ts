import { expect, test } from 'vitest'
import { begun, completed, due, finished, submit, type OpenJobStore } from './under-test.ts'

const callbackUrl = 'https://example.com/hook?x=1'

export function describeJobCallbacks(open: OpenJobStore): void {
  test('[JB13] an outcome is handed out once, where its order says so, with the job as it ended', async () => {
    const { store } = await open()
    await finished(store)
    const running = await submit(store, { callbackUrl })
    const attempt = await begun(store)
    expect(await store.nextCallback()).toBeUndefined()
    await store.handBack(attempt, { delayMs: 0, failed: { error: 'e' } })
    expect(await store.nextCallback()).toBeUndefined()
    await store.finish(await begun(store), completed)
    const { job, delivery } = await due(store)
    expect(job).toStrictEqual(await store.get(running.id))
    expect(job).toMatchObject({ status: 'completed', output: 'Готово', callbackUrl })
    expect(delivery.retryCount).toBe(0)
    expect(await store.nextCallback()).toBeUndefined()
    await store.settleCallback(delivery, 'done')
    expect(await store.nextCallback()).toBeUndefined()
  })

  test('[JB13] an outcome that did not arrive is handed out again, and counts', async () => {
    const { store, reopen } = await open()
    const { id } = await finished(store, { callbackUrl })
    const first = await due(store)
    await store.settleCallback(first.delivery, 'again')
    const second = await due(await reopen())
    expect(second.job.id).toBe(id)
    expect(second.delivery.retryCount).toBe(1)
    await store.settleCallback(second.delivery, 'done')
    expect(await store.nextCallback()).toBeUndefined()
  })

  test('[JB13] a cancellation is an outcome too; a job that is over is told once', async () => {
    const { store } = await open()
    const { id } = await submit(store, { callbackUrl })
    await store.cancel(id)
    await store.cancel(id)
    const { job, delivery } = await due(store)
    expect(job).toMatchObject({ id, status: 'cancelled' })
    await store.settleCallback(delivery, 'done')
    expect(await store.nextCallback()).toBeUndefined()
  })

  test('[JB13] many outcomes are handed out to many, each once', async () => {
    const { store, reopen } = await open()
    const ids: string[] = []
    for (let index = 0; index < 12; index++) ids.push((await finished(store, { callbackUrl })).id)
    const other = await reopen()
    const told: string[] = []
    while (told.length < ids.length) {
      const batch = await Promise.all([store, other, store, other].map((each) => each.nextCallback()))
      for (const one of batch) {
        if (one === undefined) continue
        told.push(one.job.id)
        await store.settleCallback(one.delivery, 'done')
      }
    }
    expect(told.toSorted()).toEqual(ids.toSorted())
    expect(await store.nextCallback()).toBeUndefined()
  })

  test('[JB5] [JB13] a job stays as long as its outcome is to be told', async () => {
    const { store } = await open()
    const { id } = await finished(store, { callbackUrl: 'https://example.com/' })
    const finishedBeforeMs = Date.now() + 60_000
    expect(await store.deleteFinished({ finishedBeforeMs })).toBe(0)
    await store.settleCallback((await due(store)).delivery, 'done')
    expect(await store.deleteFinished({ finishedBeforeMs })).toBe(1)
    expect(await store.get(id)).toBeUndefined()
  })
}
