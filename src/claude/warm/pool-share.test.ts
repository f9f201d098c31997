import { expect, test } from 'vitest'
import { openPool, type OpenPool } from '../../../test/support/open-pool.ts'
import { overloaded } from '../../core/index.ts'
import type { Lease } from './lease.ts'

/** What a promise fails with. */
const errorOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => undefined,
    (error: unknown) => error,
  )

/** Takes so many leases of a tenant, each on a process of its own. */
async function fill({ lease, started }: OpenPool, tenant: string, count: number): Promise<Lease[]> {
  const leases: Lease[] = []
  for (let index = 0; index < count; index++) {
    const asking = lease({ tenant })
    await started()
    leases.push(await asking)
  }
  return leases
}

test('[WP17] a loud tenant’s next process that becomes free makes way for a tenant that has none, whoever waits longer', async () => {
  const opened = openPool({ limits: { max: 2 } })
  const { lease, starts, started, finish, of } = opened
  const [first, second] = await fill(opened, 'loud', 2)
  if (first === undefined || second === undefined) throw new Error('two were leased')
  const waiting = [lease({ tenant: 'loud' }), lease({ tenant: 'loud' })]
  const quiet = lease({ tenant: 'quiet' })
  await finish(first)
  expect(of(first).stops).toMatchObject([{ cause: 'surplus' }])
  expect(starts).toHaveLength(1)
  const fresh = await started()
  const given = await quiet
  expect(of(given)).toBe(fresh)
  // From then on each has a process, and keeps it.
  await finish(second)
  const next = await waiting[0]
  expect(next && of(next)).toBe(of(second))
  await finish(given)
  expect(of(await lease({ tenant: 'quiet' }))).toBe(fresh)
  expect(fresh.stops).toEqual([])
})

test('[WP17] with a single process tenants take turns', async () => {
  const opened = openPool({ limits: { max: 1 } })
  const { lease, started, finish, processes } = opened
  const [first] = await fill(opened, 'loud', 1)
  const second = lease({ tenant: 'loud' })
  const quiet = lease({ tenant: 'quiet' })
  if (first === undefined) throw new Error('one was leased')
  await finish(first)
  await started()
  await finish(await quiet)
  await started()
  await second
  expect(processes.map(({ process: { tenant } }) => tenant)).toEqual(['loud', 'quiet', 'loud'])
})

test('[WP17] a loud tenant that waits does not have a quiet tenant’s process ended', async () => {
  const opened = openPool({ limits: { max: 3 } })
  const { lease, finish, of, started, clock } = opened
  const [quiet] = await fill(opened, 'quiet', 1)
  if (quiet === undefined) throw new Error('one was leased')
  await finish(quiet)
  const loud = await fill(opened, 'loud', 2)
  const waiting = lease({ tenant: 'loud' })
  await clock.advance(60_000)
  expect(of(quiet).stops).toEqual([])
  // One that nobody has used for long makes way.
  await clock.advance(65_000)
  expect(of(quiet).stops).toMatchObject([{ cause: 'surplus' }])
  await started()
  await waiting
  expect(loud).toHaveLength(2)
})

test('[AD10] with several tenants the last unused process of a full pool is kept for a tenant that has none', async () => {
  const opened = openPool({ limits: { max: 2, spares: 2 }, keepsOne: true })
  const { lease, started, of, finish, clock } = opened
  const [one, two] = [await started(), await started()]
  const first = await lease({ tenant: 'loud' })
  const second = lease({ tenant: 'loud' })
  await clock.advance(0)
  const quiet = await lease({ tenant: 'quiet' })
  expect(new Set([of(first), of(quiet)])).toEqual(new Set([one, two]))
  await finish(first)
  expect(of(await second)).toBe(of(first))
})

test('[WP18] a start that was too slow is tried again at once, and those who wait go on waiting', async () => {
  const { lease, started, startFailed, starts, of, observer } = openPool()
  const asking = lease()
  await startFailed(overloaded(30_000))
  expect(observer.of('process-start-failed')).toHaveLength(1)
  expect(starts).toHaveLength(1)
  const fresh = await started()
  expect(of(await asking)).toBe(fresh)
})

test('[WP19] a request that is expected to wait longer than its caller would is refused at once', async () => {
  const opened = openPool({ limits: { max: 4, startsAtOnce: 1 } })
  const { lease, started, clock, pool } = opened
  const first = lease()
  await clock.advance(40_000)
  await started()
  await first
  // A start takes 40 s here, and one at a time is made.
  const second = lease({ tenant: 'b', patienceMs: 60_000 })
  const third = errorOf(lease({ tenant: 'c', patienceMs: 60_000 }))
  expect(await third).toMatchObject({ code: 'overloaded', retryAfterSeconds: 20 })
  expect(pool.figures.waiting).toBe(1)
  await clock.advance(0)
  await started()
  await second
})

test('[WP19] a request that has waited as long as its caller would is refused, also while nothing is known of starts', async () => {
  const { lease, clock, pool } = openPool()
  const asking = errorOf(lease({ patienceMs: 60_000 }))
  await clock.advance(59_999)
  expect(pool.figures.waiting).toBe(1)
  await clock.advance(1)
  expect(await asking).toMatchObject({ code: 'overloaded' })
  expect(pool.figures.waiting).toBe(0)
})
