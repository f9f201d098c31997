import { expect, test } from 'vitest'
import { openJobs } from '../../test/support/open-jobs.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryJobs } from '../../test/support/memory-jobs.ts'
import { end, forever, says, text } from '../../test/support/scripted-engine.ts'
import type { JobStore } from '../core/index.ts'

/** A store that does not answer while `isOut` says so. */
const failing =
  (isOut: () => boolean, ...names: readonly (keyof JobStore)[]) =>
  (store: JobStore): JobStore =>
    Object.assign(
      { ...store },
      ...names.map((name) => ({
        [name]: async (...args: readonly unknown[]): Promise<unknown> => {
          if (isOut()) throw new Error('no connection')
          return await (store[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args)
        },
      })),
    ) as JobStore

test('[JB10] a run that takes long stays this server’s', async () => {
  const gate = Promise.withResolvers<void>()
  const { submit, engine, clock, done } = openJobs(() => [gate.promise, ...says('a')], { capacity: 2 })
  const id = await submit({ timeoutMs: 86_400_000 })
  await engine.started(0)
  await clock.advance(100_000)
  gate.resolve()
  expect(await done(id)).toMatchObject({ status: 'completed', attempt: 1 })
  expect(engine.runs).toHaveLength(1)
})

test('[JB10] a run that was not heard of is begun again by another server; the first is stopped and writes nothing', async () => {
  const clock = createManualClock()
  const store = createMemoryJobs({ clock })
  let isOut = false
  const one = openJobs(() => [text('one'), forever()], {
    clock,
    store,
    through: failing(() => isOut, 'beat'),
  })
  const id = await one.submit({ timeoutMs: 86_400_000 })
  const run = await one.engine.started(0)
  await clock.advance(1000)
  isOut = true
  const two = openJobs(() => [text('two'), end('two')], { clock, store })
  two.jobs.start({ eager: true })
  await clock.advance(9000)
  expect(two.engine.runs).toHaveLength(0)
  await clock.advance(21_000)
  expect(await two.done(id)).toMatchObject({ status: 'completed', output: 'two', attempt: 2, failures: 1 })
  isOut = false
  await clock.advance(1000)
  await run.ended
  await clock.advance(0)
  expect([one.room.active, one.workspaces.opened[0]?.isOpen, one.told(id)]).toEqual([0, false, ['queued', 'running']])
  expect(await store.get(id)).toMatchObject({ status: 'completed', output: 'two' })
  const texts = (await two.events(id)).flatMap((event) => (event.type === 'text' ? [event.text] : []))
  expect(texts).toEqual(['one', 'two'])
})

test('[JB10] a run whose word is refused stops', async () => {
  const { submit, engine, store, clock, get } = openJobs(() => [text('a'), forever()], {
    through: (store) => ({ ...store, beat: async () => [] }),
  })
  const id = await submit()
  const run = await engine.started(0)
  await store.cancel(id)
  await clock.advance(200)
  await run.ended
  expect((await get(id))?.status).toBe('cancelled')
})

test('[JB10] a run goes on while the store does not answer, and all it said is there afterwards', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let isOut = false
  const { submit, engine, clock, done, events, observer } = openJobs(
    () => [text('a'), gates[0]?.promise ?? forever(), text('b'), gates[1]?.promise ?? forever(), end('ab')],
    { through: failing(() => isOut, 'beat', 'append', 'finish') },
  )
  const id = await submit()
  await engine.started(0)
  await clock.advance(1000)
  isOut = true
  gates[0]?.resolve()
  await clock.advance(3000)
  gates[1]?.resolve()
  await clock.advance(3000)
  isOut = false
  await clock.advance(5000)
  expect(await done(id)).toMatchObject({ status: 'completed', output: 'ab', attempt: 1 })
  const texts = (await events(id)).flatMap((event) => (event.type === 'text' ? [event.text] : []))
  expect(texts).toEqual(['a', 'b'])
  expect(new Set(observer.of('job-store-failed').map(({ what }) => what))).toEqual(new Set(['beat', 'append']))
})

test('[JB10] an outcome is written again until it is kept, and its place is free meanwhile', async () => {
  let isOut = true
  const { submit, clock, done, room, observer, get } = openJobs(() => says('a'), {
    through: failing(() => isOut, 'finish'),
  })
  const id = await submit()
  await observer.until((seen) => seen.type === 'job-store-failed')
  await clock.advance(20_000)
  expect([(await get(id))?.status, room.active]).toEqual(['running', 0])
  isOut = false
  await clock.advance(5000)
  expect(await done(id)).toMatchObject({ status: 'completed', output: 'a' })
  expect(new Set(observer.of('job-store-failed').map(({ what, jobId }) => `${what} ${jobId}`))).toEqual(
    new Set([`finish ${id}`]),
  )
})

test('[JB10] an outcome that is refused is not written again', async () => {
  let finishes = 0
  const { submit, engine, clock, store, told } = openJobs(() => says('a'), {
    through: (store) => ({
      ...store,
      async finish(...args) {
        finishes++
        return await store.finish(...args)
      },
    }),
    removing: async () => {
      await store.cancel(id)
    },
  })
  const id = await submit()
  await engine.started(0)
  await clock.advance(60_000)
  expect([finishes, told(id)]).toEqual([1, ['queued', 'running']])
  expect((await store.get(id))?.status).toBe('cancelled')
})
