import { expect, test } from 'vitest'
import { doer, openJobs, START_MS } from '../../test/support/open-jobs.ts'
import { end, forever, says, text } from '../../test/support/scripted-engine.ts'
import { NO_USAGE, type JobEvent, type TurnEngine, type TurnEvent } from '../core/index.ts'

async function all(events: AsyncIterable<JobEvent> | undefined): Promise<readonly JobEvent[]> {
  const read: JobEvent[] = []
  for await (const event of events ?? []) read.push(event)
  return read
}

const typesOf = (events: readonly JobEvent[]): readonly string[] => events.map(({ type }) => type)

/** The events of a job, read one at a time. */
function reader(events: AsyncIterable<JobEvent> | undefined) {
  const iterator = (events ?? (async function* () {})())[Symbol.asyncIterator]()
  return {
    next: async (): Promise<JobEvent | undefined> => {
      const { value, done } = await iterator.next()
      return done === true ? undefined : value
    },
    leave: () => iterator.return?.(),
  }
}

/** An engine that uses tools. */
const using = (...events: readonly (TurnEvent | Promise<unknown>)[]): TurnEngine => ({
  async *run() {
    for (const event of events) {
      if (event instanceof Promise) await event
      else yield event
    }
  },
})

test('[JB11] who follows a job is told what it says and does as it happens, and then its end', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { submit, clock, follow } = openJobs(() => [], {
    engine: using(
      text('Let '),
      text('me see. '),
      { type: 'tool-use', name: 'Read', input: { file_path: 'README.md' } },
      gates[0]?.promise ?? forever(),
      text('Готово 🙂'),
      gates[1]?.promise ?? forever(),
      { type: 'turn-end', reason: 'end', usage: NO_USAGE, answer: 'Готово 🙂' },
    ),
  })
  const id = await submit()
  const { next } = reader(await follow(id))
  expect(await next()).toEqual({ sequence: 1, atMs: START_MS, type: 'queued' })
  expect(await next()).toEqual({ sequence: 2, atMs: START_MS, type: 'started', attempt: 1 })
  expect(await next()).toMatchObject({ sequence: 3, type: 'text', text: 'Let me see. ' })
  expect(await next()).toMatchObject({ sequence: 4, type: 'tool', name: 'Read', input: '{"file_path":"README.md"}' })
  gates[0]?.resolve()
  const said = next()
  await clock.advance(200)
  expect(await said).toMatchObject({ sequence: 5, type: 'text', text: 'Готово 🙂', atMs: START_MS + 200 })
  const last = next()
  gates[1]?.resolve()
  expect(await last).toMatchObject({ sequence: 6, type: 'ended', status: 'completed' })
  expect(await next()).toBeUndefined()
})

test('[JB11] a job that is over is told from the start, or from behind any event; then there is nothing to come', async () => {
  const { submit, done, follow } = openJobs(() => says('a'))
  const id = await submit()
  await done(id)
  expect(typesOf(await all(await follow(id)))).toEqual(['queued', 'started', 'text', 'ended'])
  expect(typesOf(await all(await follow(id, 2)))).toEqual(['text', 'ended'])
  expect(typesOf(await all(await follow(id, 3)))).toEqual(['ended'])
  expect(await follow(id, 4)).toBeUndefined()
  expect(await follow(id, 1e15)).toBeUndefined()
})

test('[JB11] many follow one job, each from where it is', async () => {
  const gate = Promise.withResolvers<void>()
  const { submit, engine, clock, follow } = openJobs(() => [text('a'), gate.promise, end('a')])
  const id = await submit()
  await engine.started(0)
  await clock.advance(200)
  const followers = await Promise.all(Array.from({ length: 20 }, (_, index) => follow(id, index % 4)))
  const reading = Promise.all(followers.map(all))
  await clock.advance(0)
  gate.resolve()
  const read = await reading
  expect(read.map(({ length }) => length)).toEqual(Array.from({ length: 20 }, (_, index) => 4 - (index % 4)))
  expect(read.every((events) => events.at(-1)?.type === 'ended')).toBe(true)
})

test('[JB11] more events than are read at once come all, in order', async () => {
  const { submit, done, follow } = openJobs(() => [], {
    engine: using(
      ...Array.from({ length: 350 }, (_, index) => ({ type: 'tool-use', name: `${index}`, input: {} }) as const),
      { type: 'turn-end', reason: 'end', usage: NO_USAGE, answer: '' },
    ),
  })
  const id = await submit()
  await done(id)
  const events = await all(await follow(id))
  expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 353 }, (_, index) => index + 1))
})

test('[JB11] what happens on another server is told within half a second', async () => {
  const { store, jobs, clock, follow, submit } = openJobs(() => [], { start: false })
  const id = await submit()
  const { next } = reader(await follow(id))
  expect((await next())?.type).toBe('queued')
  const started = next()
  await clock.advance(400)
  const attempt = await store.begin({ maxFailures: 3 })
  await clock.advance(100)
  expect(await started).toMatchObject({ type: 'started' })
  const ended = next()
  if (attempt !== undefined) await store.finish(attempt, { status: 'completed', output: 'a' })
  await clock.advance(500)
  expect(await ended).toMatchObject({ type: 'ended', status: 'completed' })
  await jobs.close()
})

test('[JB11] who leaves leaves nothing behind; an abort is the end', async () => {
  const { submit, clock, follow, jobs, reached } = openJobs(() => [forever()], { start: false })
  const id = await submit()
  const one = reader(await follow(id))
  await one.next()
  await one.leave()
  const leaving = new AbortController()
  const two = reader(await follow(id, 0, leaving.signal))
  await two.next()
  const waiting = two.next()
  await clock.advance(100)
  expect(clock.armed).toBe(1)
  const left = new Error('left')
  leaving.abort(left)
  await expect(waiting).rejects.toBe(left)
  expect(clock.armed).toBe(0)
  jobs.start({ eager: false })
  await reached(id, 'running')
  await jobs.close()
  expect(clock.armed).toBe(0)
})

test('[JB11] the events of a job that is removed while somebody waits for them end', async () => {
  const { submit, store, clock, follow } = openJobs(() => [], { start: false })
  const id = await submit()
  const { next } = reader(await follow(id, 7))
  const waiting = next()
  await store.cancel(id)
  await store.deleteFinished({ finishedBeforeMs: clock.nowMs() })
  await clock.advance(10_000)
  expect(await waiting).toBeUndefined()
})

test('[JB11] one who says to know more than there is is not kept waiting for ever', async () => {
  const { submit, store, clock, follow } = openJobs(() => [], { start: false })
  const id = await submit()
  const { next } = reader(await follow(id, 999))
  const waiting = next()
  await store.cancel(id)
  await clock.advance(10_000)
  expect(await waiting).toBeUndefined()
})

test('[JB12] who follows a job that is cancelled is told so at once', async () => {
  const { submit, engine, jobs, follow } = openJobs(() => [text('a'), forever()], { agents: [doer] })
  const id = await submit()
  await engine.started(0)
  const events = all(await follow(id))
  await jobs.cancel({ tenant: 't', id })
  expect((await events).at(-1)).toMatchObject({ type: 'ended', status: 'cancelled' })
})
