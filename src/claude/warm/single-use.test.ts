import { expect, test } from 'vitest'
import { ABLE, user } from '../../../test/support/histories.ts'
import { createManualClock } from '../../../test/support/manual-clock.ts'
import { WANTED } from '../../../test/support/open-warm.ts'
import type { StopCause } from '../../core/index.ts'
import type { Abilities } from './abilities.ts'
import { createSingleUse } from './single-use.ts'
import { freshHeld } from './start.ts'
import type { WarmProcess } from './warm-process.ts'

const { signal } = new AbortController()

/** Processes that end when the test says so. */
function openSingleUse({
  abilities: some,
  startMs = 0,
  fails,
}: { readonly abilities?: Partial<Abilities>; readonly startMs?: number; readonly fails?: Error } = {}) {
  const abilities = { ...ABLE, ...some }
  const clock = createManualClock()
  const started: { readonly model: string; readonly signal: AbortSignal }[] = []
  const stops: StopCause[] = []
  const ending = Promise.withResolvers<void>()
  const pool = createSingleUse({
    abilities,
    fresh: freshHeld({ model: 'sonnet', abilities }),
    async start(options) {
      started.push(options)
      await clock.advance(startMs)
      if (fails !== undefined) throw fails
      const process: Pick<WarmProcess, 'pid' | 'stop'> = {
        pid: 3000 + started.length,
        async stop(cause) {
          stops.push(cause)
          await ending.promise
        },
      }
      return process as WarmProcess
    },
    clock,
    observer: { observe: () => undefined },
  })
  return { pool, started, stops, ending }
}
const WHOLE = { said: 'yes', whole: true }

test('[FN12] [WP10] each turn has a process of its own, with the model that it asks for', async () => {
  const { pool, started } = openSingleUse({ startMs: 30 })
  const first = await pool.lease({ tenant: 'a', wanted: { ...WANTED, model: 'haiku' }, signal })
  const second = await pool.lease({ tenant: 'a', wanted: WANTED, signal })
  expect(first.process).not.toBe(second.process)
  expect(started).toEqual([
    { model: 'haiku', signal },
    { model: 'sonnet', signal },
  ])
  expect([first.waitedMs, second.waitedMs]).toEqual([30, 30])
  expect(pool.figures).toEqual({ size: 0, busy: 0, idle: 0, spares: 0, starting: 0, waiting: 0 })
})

test('[FN12] [WP1] a lease says by which steps a process that was just started comes to hold what is wanted', async () => {
  const { pool } = openSingleUse()
  const functions = [{ name: 'f', description: '', parameters: { type: 'object' } }]
  const turns = [user('a'), { role: 'assistant', text: 'b' } as const]
  const wanted = { ...WANTED, model: 'haiku', turns, functions }
  expect((await pool.lease({ tenant: 'a', wanted, signal })).alignment).toMatchObject({
    kind: 'replayed',
    steps: [
      { type: 'set-system', system: 'S' },
      { type: 'offer', functions },
      { type: 'replay', turns },
      { type: 'ask' },
    ],
  })
})

test('[FN12] a process is ended with its turn, for the cause that the turn had', async () => {
  const { pool, stops } = openSingleUse()
  ;(await pool.lease({ tenant: 'a', wanted: WANTED, signal })).release(WHOLE)
  ;(await pool.lease({ tenant: 'a', wanted: WANTED, signal })).release({ ...WHOLE, lost: 'deadline' })
  expect(stops).toEqual(['done', 'deadline'])
})

test('[LG2] [CA5] closing waits for the processes that are ending', async () => {
  const { pool, ending } = openSingleUse()
  ;(await pool.lease({ tenant: 'a', wanted: WANTED, signal })).release(WHOLE)
  let closed = false
  const closing = pool.close().then(() => (closed = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(closed).toBe(false)
  ending.resolve()
  await closing
  await pool.close()
})

test('[LG2] a process whose end goes wrong harms nobody else', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.prependListener('unhandledRejection', note)
  const { pool, ending } = openSingleUse()
  ;(await pool.lease({ tenant: 'a', wanted: WANTED, signal })).release(WHOLE)
  ending.reject(new Error('no end'))
  await pool.close()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

test('[FN12] what starting fails with is the failure of the lease', async () => {
  const failure = new Error('no start')
  const { pool, started } = openSingleUse({ fails: failure })
  await expect(pool.lease({ tenant: 'a', wanted: WANTED, signal })).rejects.toBe(failure)
  expect(started).toHaveLength(1)
})

test('[FN12] nothing is started for what no process can be made to hold', async () => {
  const { pool, started } = openSingleUse({ abilities: { functions: false } })
  const wanted = { ...WANTED, functions: [{ name: 'f', description: '', parameters: {} }] }
  await expect(pool.lease({ tenant: 'a', wanted, signal })).rejects.toThrow('not asked for')
  expect(started).toEqual([])
})
