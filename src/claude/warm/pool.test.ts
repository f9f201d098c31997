import { expect, test } from 'vitest'
import { holding, openPool, talk, WHOLE, type FakeProcess, type OpenPool } from '../../../test/support/open-pool.ts'
import { MAX_IDLE_MS } from './plan.ts'

const START_MS = 500
const HOUR_MS = 3_600_000

/** What a promise has come to by now: its value, its error, or nothing yet. */
const stateOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const pending = Symbol('pending')
  const state = await Promise.race([promise.catch((error: unknown) => ({ error })), Promise.resolve(pending)])
  return state === pending ? 'pending' : state
}

test('[WP10] those who wait are served in the order in which they came', async () => {
  const { lease, started, finish, of } = openPool({ limits: { max: 1 } })
  const waiting = [lease(), lease(), lease()]
  await started()
  for (const [index, next] of waiting.entries()) {
    const later = waiting[index + 1]
    const given = await next
    expect(of(given).number).toBe(1)
    if (later !== undefined) expect(await stateOf(later)).toBe('pending')
    await finish(given)
  }
})

test('[AD3] who leaves while waiting is told why, and the next one is served in his place', async () => {
  const { lease, started, finish, pool, clock } = openPool({ limits: { max: 1 } })
  const first = lease()
  await started()
  const leaving = new AbortController()
  const second = lease({ signal: leaving.signal })
  const third = lease()
  await clock.advance(30)
  expect(pool.figures.waiting).toBe(2)
  const reason = new Error('left')
  leaving.abort(reason)
  await expect(second).rejects.toBe(reason)
  expect(pool.figures.waiting).toBe(1)
  await finish(await first)
  expect(await third).toMatchObject({ waitedMs: 30 })
  await expect(lease({ signal: leaving.signal })).rejects.toBe(reason)
})

test('[WP1] a lease says by which steps its process comes to hold what is wanted', async () => {
  const { lease, started } = openPool()
  const asking = lease({ turns: talk('a') })
  await started()
  expect((await asking).alignment).toMatchObject({
    kind: 'replayed',
    steps: [{ type: 'set-system' }, { type: 'replay' }, { type: 'ask', turn: { role: 'user', text: 'and then?' } }],
  })
})

test('a conversation waits for its own process to come to rest, and nobody else gets it meanwhile', async () => {
  const { lease, started, finish, of, processes, pool, clock } = openPool({ limits: { spares: 1, max: 3 } })
  await started()
  const first = await lease()
  await clock.advance(1000)
  await started()
  const [own] = processes
  if (own === undefined) throw new Error('a process was started')
  own.held = holding(talk('long', 9))
  first.release(WHOLE)
  expect(own.settles).toEqual([{ said: 'yes', whole: true, ms: 1000 }])
  const goesOn = lease({ turns: talk('long', 9) })
  const other = await lease({ turns: talk('other', 9) })
  expect(of(other).number).toBe(2)
  expect(await stateOf(goesOn)).toBe('pending')
  expect(pool.figures).toMatchObject({ busy: 2, waiting: 1 })
  own.rested()
  const second = await goesOn
  expect(of(second)).toBe(own)
  expect(second.alignment.kind).toBe('kept')
  await finish(second)
  await finish(other)
})

test('[WP4] a process that is lost is ended at once and never given again', async () => {
  const { lease, started, of, pool } = openPool({ limits: { max: 1 } })
  const asking = lease()
  const lost = await started()
  const first = await asking
  const second = lease()
  first.release({ ...WHOLE, lost: 'deadline' })
  // What is given back twice is given back once.
  first.release(WHOLE)
  expect(lost.stops).toEqual([{ cause: 'deadline', graceMs: undefined }])
  expect(lost.settles).toEqual([])
  const fresh = await started()
  expect(of(await second)).toBe(fresh)
  expect(pool.figures.size).toBe(1)
})

test('[WP4] a process that cannot be brought to rest is ended at once and never given again', async () => {
  const { lease, started, of, observer, clock } = openPool({ limits: { max: 1 } })
  const asking = lease()
  const doubted = await started()
  ;(await asking).release(WHOLE)
  const second = lease()
  doubted.doubted()
  await clock.advance(0)
  expect(doubted.stops).toEqual([{ cause: 'doubt', graceMs: undefined }])
  expect(observer.of('process-doubted')).toMatchObject([
    { pid: doubted.process.pid, error: { name: 'ProcessLostError' } },
  ])
  const fresh = await started()
  expect(of(await second)).toBe(fresh)
})

test('[WP4] a process that ends by itself is not given again, and another takes its place', async () => {
  const { lease, started, of, clock, pool, starts } = openPool({ limits: { spares: 1 } })
  const dead = await started()
  expect(pool.figures).toMatchObject({ size: 1, idle: 1, spares: 1 })
  dead.die()
  await clock.advance(0)
  expect(pool.figures).toMatchObject({ size: 0, starting: 1 })
  expect(starts).toHaveLength(1)
  const second = await started()
  const given = await lease()
  expect(of(given)).toBe(second)
  // In the midst of a turn, too.
  second.die()
  await clock.advance(0)
  given.release({ ...WHOLE, lost: 'doubt' })
  expect(second.stops).toEqual([])
  expect(pool.figures.size).toBe(0)
})

test('[WP3] a process is its first tenant’s for good', async () => {
  const { lease, started, finish, of, processes, pool } = openPool({ limits: { max: 2 } })
  const asking = lease({ tenant: 'a' })
  await started()
  const first = await asking
  expect(first.process.tenant).toBe('a')
  const other = lease({ tenant: 'b' })
  await finish(first)
  expect(await stateOf(other)).toBe('pending')
  await started()
  expect(of(await other).number).toBe(2)
  expect(processes.map(({ process }) => process.tenant)).toEqual(['a', 'b'])
  expect(of(await lease({ tenant: 'a' })).number).toBe(1)
  expect(pool.figures.size).toBe(2)
})

test('[WP3] [WP10] where there is no room, another tenant’s idle process makes way', async () => {
  const { lease, started, finish, of } = openPool({ limits: { max: 1 } })
  const asking = lease({ tenant: 'a' })
  const first = await started()
  await finish(await asking)
  const other = lease({ tenant: 'b' })
  expect(first.stops).toEqual([{ cause: 'surplus', graceMs: 2000 }])
  const second = await started()
  expect(of(await other)).toBe(second)
})

test('[WP10] spares are started at once, so many at a time, and refilled when they have been missing for a second', async () => {
  const { starts, started, lease, pool, clock, finish } = openPool({ limits: { spares: 3, startsAtOnce: 2 } })
  expect(starts).toHaveLength(2)
  await started()
  expect(starts).toHaveLength(2)
  await started()
  await started()
  expect(starts).toHaveLength(0)
  expect(pool.figures).toEqual({ size: 3, busy: 0, idle: 3, spares: 3, starting: 0, waiting: 0 })
  const first = await lease()
  await clock.advance(999)
  expect(pool.figures).toEqual({ size: 3, busy: 1, idle: 2, spares: 2, starting: 0, waiting: 0 })
  await clock.advance(1)
  expect(pool.figures).toEqual({ size: 3, busy: 1, idle: 2, spares: 2, starting: 1, waiting: 0 })
  await started()
  await finish(first)
})

test('[WP10] where there is one tenant a process that was used is as ready as a spare, so none is started for it', async () => {
  const { starts, started, lease, finish, clock, pool } = openPool({ limits: { spares: 2, reusable: true } })
  await started()
  await started()
  for (let turn = 0; turn < 3; turn++) {
    const given = await Promise.all([lease(), lease()])
    await clock.advance(500)
    for (const one of given) await finish(one)
  }
  await clock.advance(10_000)
  expect(starts).toHaveLength(0)
  expect(pool.figures).toMatchObject({ size: 2, idle: 2, spares: 0 })
})

test('[WP10] one more is started for a request that has waited longer than two starts take', async () => {
  const { lease, started, finish, starts, clock } = openPool({ limits: { max: 2 } })
  const asking = lease()
  await clock.advance(START_MS)
  await started()
  await finish(await asking)
  // Turns that take no time: a process is soon free again.
  for (let turn = 0; turn < 10; turn++) await finish(await lease())
  const long = await lease()
  const waiting = lease()
  expect(starts).toHaveLength(0)
  await clock.advance(2 * START_MS - 1)
  expect(starts).toHaveLength(0)
  await clock.advance(1)
  expect(starts).toHaveLength(1)
  await started()
  await finish(await waiting)
  await finish(long)
})

test('[WP10] one more is started at once where turns take longer than a start', async () => {
  const { lease, started, finish, starts, clock } = openPool({ limits: { max: 2 } })
  const asking = lease()
  await started()
  const first = await asking
  await clock.advance(60_000)
  await finish(first)
  const long = await lease()
  const waiting = lease()
  expect(starts).toHaveLength(1)
  await started()
  await finish(await waiting)
  await finish(long)
})

test('[WP9] a process is started with the model of the request that it is started for', async () => {
  const { lease, started, starts, of } = openPool({ abilities: { switchModel: false }, limits: { startsAtOnce: 3 } })
  const haiku = lease({ model: 'haiku' })
  const opus = lease({ model: 'opus' })
  expect(starts.map(({ model }) => model)).toEqual(['haiku', 'opus'])
  await started()
  await started()
  expect(of(await haiku).held.model).toBe('haiku')
  expect(of(await opus).held.model).toBe('opus')
})

test.each<readonly [cause: string, until: (opened: OpenPool, process: FakeProcess, enough: boolean) => Promise<void>]>([
  ['turns', async (_, { process }, enough) => void (process.turns = enough ? 2000 : 1999)],
  ['age', async ({ clock }, _, enough) => await clock.advance(enough ? 1 : 6 * HOUR_MS - 1)],
  ['memory', async (_, process, enough) => void (process.mb = enough ? 401 : 400)],
])('[WP10] [WP14] a process that has had enough is ended after its turn, as it likes: %s', async (cause, until) => {
  const opened = openPool({ limits: { max: 1 } })
  const asking = opened.lease()
  const process = await opened.started()
  const almost = await asking
  await until(opened, process, false)
  await opened.finish(almost)
  expect(process.stops).toEqual([])
  const enough = await opened.lease()
  await until(opened, process, true)
  await opened.finish(enough)
  expect(process.stops).toEqual([{ cause, graceMs: 2000 }])
  expect(opened.pool.figures.size).toBe(0)
})

test('[WP10] a process that has had enough is ended also where requests never cease', async () => {
  const { lease, started, finish } = openPool({ limits: { max: 1 } })
  let waiting = lease()
  const process = await started()
  process.process.turns = 2000
  for (let turn = 0; turn < 5 && process.stops.length === 0; turn++) {
    const given = await waiting
    waiting = lease()
    await finish(given)
  }
  expect(process.stops).toEqual([{ cause: 'turns', graceMs: 2000 }])
})

test('[WP10] a process that is found to have grown too much while it is used again ends after that turn', async () => {
  const { lease, started, finish } = openPool({ limits: { max: 1 } })
  const asking = lease()
  const process = await started()
  const first = await asking
  const waiting = lease()
  process.mb = 401
  await finish(first)
  const second = await waiting
  expect(process.stops).toEqual([])
  await finish(second)
  expect(process.stops).toEqual([{ cause: 'memory', graceMs: 2000 }])
})

test('[WP10] a process whose memory cannot be told is kept', async () => {
  const { lease, started, finish } = openPool()
  const asking = lease()
  const process = await started()
  process.mb = undefined
  await finish(await asking)
  expect(process.stops).toEqual([])
})

test('[WP10] a process that is not used for ten minutes is ended as it likes', async () => {
  const { lease, started, finish, clock, pool } = openPool()
  const asking = lease()
  const process = await started()
  await finish(await asking)
  await clock.advance(MAX_IDLE_MS)
  expect(process.stops).toEqual([])
  await clock.advance(5000)
  expect(process.stops).toEqual([{ cause: 'idle', graceMs: 2000 }])
  expect(pool.figures.size).toBe(0)
})

test('[WP10] those that are idle longest are ended where together they take too much memory', async () => {
  const { lease, started, finish, clock, processes } = openPool({ limits: { memoryMb: 500 } })
  const asking = [lease(), lease()]
  await started()
  await started()
  for (const given of await Promise.all(asking)) {
    const fake = processes.find(({ process }) => process === given.process)
    if (fake !== undefined) fake.mb = 300
    await finish(given)
    await clock.advance(10)
  }
  expect(processes.map(({ stops }) => stops.map(({ cause }) => cause))).toEqual([['memory'], []])
})

test('a conversation that is named goes on with its own process though its history was rewritten, others begin on a spare', async () => {
  const { lease, started, finish, of, clock } = openPool({ limits: { max: 2, spares: 1 } })
  await started()
  const first = await lease({ conversation: 'one' })
  of(first).held = holding(talk('long', 200))
  await finish(first)
  await clock.advance(1000)
  await started()
  const other = await lease({ conversation: 'two', turns: talk('other') })
  expect(of(other).number).toBe(2)
  await finish(other)
  const again = await lease({ conversation: 'one', turns: talk('anew') })
  expect(of(again).number).toBe(1)
  await finish(again)
})

test('a process that went to a conversation without a name is no longer that of the one before', async () => {
  const { lease, started, finish, of, clock } = openPool({ limits: { max: 2, spares: 1 } })
  await started()
  const first = await lease({ conversation: 'one' })
  await finish(first)
  const second = await lease()
  expect(of(second).number).toBe(1)
  of(second).held = holding(talk('long', 200))
  await finish(second)
  await clock.advance(1000)
  await started()
  expect(of(await lease({ conversation: 'one', turns: talk('anew') })).number).toBe(2)
})
