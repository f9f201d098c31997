import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openPool, WHOLE } from '../../../test/support/open-pool.ts'

const isDone = async (promise: Promise<unknown>): Promise<boolean> => {
  let done = false
  void promise.then(() => (done = true))
  await setImmediate()
  return done
}

test('[CA5] closing ends every process, the idle ones as they like, and waits until they are gone', async () => {
  const { pool, lease, started, processes, finish, clock } = openPool({ limits: { spares: 1 } })
  await started()
  const busy = await lease()
  await clock.advance(1000)
  const recovering = await started()
  const second = await lease()
  await clock.advance(1000)
  const idle = await started()
  second.release(WHOLE)
  const slow = Promise.withResolvers<void>()
  idle.endsWhen(slow.promise)
  const closing = pool.close()
  expect(processes.map(({ stops }) => stops)).toEqual([
    [{ cause: 'shutdown', graceMs: undefined }],
    [{ cause: 'shutdown', graceMs: undefined }],
    [{ cause: 'shutdown', graceMs: 2000 }],
  ])
  expect(recovering.settles).toHaveLength(1)
  expect(await isDone(closing)).toBe(false)
  slow.resolve()
  await closing
  await finish(busy)
  expect(processes[0]?.stops).toHaveLength(1)
  expect(pool.figures).toMatchObject({ size: 0, waiting: 0 })
})

test('[CA5] closing tells those who wait, refuses whoever comes, and starts nothing more', async () => {
  const { pool, lease, starts, clock } = openPool({ limits: { spares: 1 } })
  const waiting = [lease(), lease()].map((asking) => expect(asking).rejects.toMatchObject({ code: 'shutting_down' }))
  await pool.close()
  await Promise.all(waiting)
  await expect(lease()).rejects.toMatchObject({ code: 'shutting_down' })
  await clock.advance(60_000)
  expect(starts).toEqual([])
})

test('[CA5] a process that is being started is stopped, and one that got ready meanwhile ended', async () => {
  const aborted = openPool({ limits: { spares: 1 } })
  const [start] = aborted.starts
  await aborted.pool.close()
  expect(start?.signal.reason).toMatchObject({ code: 'shutting_down' })
  expect(aborted.observer.of('process-start-failed')).toEqual([])

  const ready = openPool({ limits: { spares: 1 } })
  const process = ready.started()
  const closing = ready.pool.close()
  await closing
  expect((await process).stops.map(({ cause }) => cause)).toEqual(['shutdown'])
  expect(ready.pool.figures.size).toBe(0)
})

test('[CA5] a process that is given back after closing is not brought to rest, and closing twice is closing once', async () => {
  const { pool, lease, started, of } = openPool()
  const asking = lease()
  await started()
  const given = await asking
  await Promise.all([pool.close(), pool.close()])
  given.release(WHOLE)
  expect(of(given).settles).toEqual([])
  expect(of(given).stops).toHaveLength(1)
  await pool.close()
})

test('[CA5] a process that was recovering when the pool was closed is not doubted', async () => {
  const { pool, lease, started, observer } = openPool()
  const asking = lease()
  await started()
  ;(await asking).release(WHOLE)
  await pool.close()
  expect(observer.of('process-doubted')).toEqual([])
})

test('[LG2] nothing is left to be called back once it is closed', async () => {
  const { pool, lease, started, clock } = openPool({ limits: { spares: 1 } })
  await started()
  await lease()
  void lease().catch(() => undefined)
  await pool.close()
  await clock.advance(0)
  expect(clock.armed).toBe(0)
})

test('[WP14] the pool’s figures are told when they change, and only then', async () => {
  const { lease, started, finish, observer, clock } = openPool({ limits: { max: 1, spares: 1 } })
  await clock.advance(60_000)
  await started()
  const given = await lease()
  const waiting = lease()
  await clock.advance(60_000)
  await finish(given)
  await finish(await waiting)
  await clock.advance(60_000)
  const type = 'pool-changed'
  expect(observer.of(type)).toEqual([
    { type, size: 0, busy: 0, idle: 0, spares: 0, starting: 1, waiting: 0 },
    { type, size: 1, busy: 0, idle: 1, spares: 1, starting: 0, waiting: 0 },
    { type, size: 1, busy: 1, idle: 0, spares: 0, starting: 0, waiting: 0 },
    { type, size: 1, busy: 1, idle: 0, spares: 0, starting: 0, waiting: 1 },
    { type, size: 1, busy: 1, idle: 0, spares: 0, starting: 0, waiting: 0 },
    { type, size: 1, busy: 0, idle: 1, spares: 0, starting: 0, waiting: 0 },
  ])
})

test('[WP14] that a request left while waiting is told when it leaves', async () => {
  const { lease, started, observer } = openPool({ limits: { max: 1 } })
  const first = lease()
  await started()
  await first
  const leaving = new AbortController()
  const waiting = lease({ signal: leaving.signal }).catch(() => undefined)
  leaving.abort(new Error('left'))
  await waiting
  expect(observer.of('pool-changed').at(-1)).toMatchObject({ waiting: 0 })
})

test('[SU12] a pool that is drained gives out no process, ends free ones at once and busy ones when they are free', async () => {
  const { pool, lease, started, of, finish, observer } = openPool({ limits: { max: 2 } })
  const asking = [lease(), lease()]
  await started()
  await started()
  const [busy, free] = await Promise.all(asking)
  if (busy === undefined || free === undefined) throw new Error('two processes were leased')
  await finish(free)
  const drained = pool.drain(new Error('replaced'))
  await expect(lease()).rejects.toThrow('replaced')
  expect(of(free).stops).toEqual([{ cause: 'replaced', graceMs: 2000 }])
  expect(of(busy).stops).toEqual([])
  busy.release(WHOLE)
  await drained
  expect(of(busy).stops).toEqual([{ cause: 'replaced', graceMs: undefined }])
  expect(observer.of('process-doubted')).toEqual([])
})

test('[SU12] whoever waits for a process of a pool that is drained is refused, and can go to the next one', async () => {
  const { pool, lease, started } = openPool({ limits: { max: 1 } })
  const asking = lease()
  await started()
  const given = await asking
  const waiting = lease()
  const refused = waiting.catch((error: unknown) => error)
  const replaced = new Error('replaced')
  const drained = pool.drain(replaced)
  expect(await refused).toBe(replaced)
  given.release(WHOLE)
  await drained
})

test('[SU12] a pool that is closed while it is drained ends what is busy', async () => {
  const { pool, lease, started, of } = openPool()
  const asking = lease()
  await started()
  const given = await asking
  const drained = pool.drain(new Error('replaced'))
  await pool.close()
  await drained
  expect(of(given).stops).toHaveLength(1)
})

test('[SU12] a pool is warmed up with its first process, with a start that failed, and when it is closed', async () => {
  const ready = openPool({ limits: { spares: 1 } })
  await ready.started()
  await expect(ready.pool.warmedUp).resolves.toBeUndefined()
  const failing = openPool({ limits: { spares: 1 } })
  await failing.startFailed(new Error('no'))
  await expect(failing.pool.warmedUp).resolves.toBeUndefined()
  const closed = openPool({ limits: { spares: 1 } })
  await closed.pool.close()
  await expect(closed.pool.warmedUp).resolves.toBeUndefined()
  await expect(openPool().pool.warmedUp).resolves.toBeUndefined()
})
