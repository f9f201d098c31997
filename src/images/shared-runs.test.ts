import { expect, test } from 'vitest'
import { createSharedRuns } from './shared-runs.ts'

const never = new AbortController().signal
const reason = new Error('the caller left')

/** Work in the test's hand. */
function openWork() {
  const begun: { readonly signal: AbortSignal; readonly end: PromiseWithResolvers<string> }[] = []
  const work = async (signal: AbortSignal): Promise<string> => {
    const end = Promise.withResolvers<string>()
    begun.push({ signal, end })
    return await end.promise
  }
  return { begun, work }
}

test('[IM4] callers who want the same at once share one piece of work', async () => {
  const runs = createSharedRuns<string>()
  const { begun, work } = openWork()
  const results = Promise.all([
    runs.run('a', work, { signal: never }),
    runs.run('a', work, { signal: never }),
    runs.run('b', work, { signal: never }),
  ])
  expect(begun).toHaveLength(2)
  begun[0]?.end.resolve('one')
  begun[1]?.end.resolve('two')
  expect(await results).toEqual(['one', 'one', 'two'])
})

test('[IM4] a failure is that of all who share it, and the next caller begins anew', async () => {
  const runs = createSharedRuns<string>()
  const { begun, work } = openWork()
  const failed = new Error('failed')
  const results = Promise.allSettled([runs.run('a', work, { signal: never }), runs.run('a', work, { signal: never })])
  begun[0]?.end.reject(failed)
  const settled = { status: 'rejected', reason: failed }
  expect(await results).toEqual([settled, settled])
  const next = runs.run('a', work, { signal: never })
  begun[1]?.end.resolve('better')
  expect(await next).toBe('better')
})

test('[IM4] a caller who leaves does not stop the work for the other', async () => {
  const runs = createSharedRuns<string>()
  const { begun, work } = openWork()
  const leaver = new AbortController()
  const left = runs.run('a', work, { signal: leaver.signal })
  const stayed = runs.run('a', work, { signal: never })
  leaver.abort(reason)
  await expect(left).rejects.toBe(reason)
  expect(begun[0]?.signal.aborted).toBe(false)
  begun[0]?.end.resolve('one')
  expect(await stayed).toBe('one')
})

test('[IM4] the last who leaves stops the work, and who comes then begins anew', async () => {
  const runs = createSharedRuns<string>()
  const { begun, work } = openWork()
  const leavers = [new AbortController(), new AbortController()]
  const left = leavers.map(({ signal }) => runs.run('a', work, { signal }))
  for (const leaver of leavers) leaver.abort(reason)
  const settled = { status: 'rejected', reason }
  expect(await Promise.allSettled(left)).toEqual([settled, settled])
  expect(begun[0]?.signal.aborted).toBe(true)
  const next = runs.run('a', work, { signal: never })
  begun[0]?.end.reject(new Error('stopped'))
  begun[1]?.end.resolve('two')
  expect(await next).toBe('two')
})

test('[IM4] a caller who has left already begins nothing', async () => {
  const { begun, work } = openWork()
  const run = createSharedRuns<string>().run('a', work, { signal: AbortSignal.abort(reason) })
  await expect(run).rejects.toBe(reason)
  expect(begun).toEqual([])
})
