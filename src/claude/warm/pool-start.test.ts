import { expect, test } from 'vitest'
import { holding, openPool, talk } from '../../../test/support/open-pool.ts'
import { GatewayError } from '../../core/index.ts'

const FAILURE = new GatewayError('cli_unavailable', 'The Claude Code CLI could not be started.')

/** What a promise fails with. */
const errorOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => undefined,
    (error: unknown) => error,
  )

const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending')
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending
}

test('[ER3] a request that waits for nothing but a process that cannot be started is told so at once', async () => {
  const { lease, startFailed, observer, pool } = openPool()
  const asking = lease()
  const told = errorOf(asking)
  await startFailed(FAILURE)
  expect(await told).toBe(FAILURE)
  expect(observer.of('process-start-failed')).toEqual([{ type: 'process-start-failed', error: FAILURE }])
  expect(pool.figures).toMatchObject({ starting: 0, waiting: 0 })
})

test('a request that a busy process may serve is not told of a start that failed', async () => {
  const { lease, started, startFailed, finish, clock, of } = openPool({ limits: { max: 2 } })
  const first = lease()
  await clock.advance(400)
  await started()
  const given = await first
  const second = lease()
  await startFailed(FAILURE)
  expect(await isPending(second)).toBe(true)
  await finish(given)
  expect(of(await second).number).toBe(1)
})

test('[WP3] a request is told of a start that failed though another tenant’s process is there', async () => {
  const { lease, started, startFailed, finish } = openPool({ limits: { max: 2 } })
  const asking = lease({ tenant: 'a' })
  await started()
  const given = await asking
  const told = errorOf(lease({ tenant: 'b' }))
  await startFailed(FAILURE)
  expect(await told).toBe(FAILURE)
  await finish(given)
})

test('a request is told of a start that failed though an idle process is there that cannot be made to serve it', async () => {
  const { lease, started, startFailed, finish, processes } = openPool({
    abilities: { systemPrompt: 'fixed' },
    limits: { max: 2 },
  })
  const asking = lease({ system: 'S' })
  const [own] = [await started()]
  own.held = holding(talk('x'))
  await finish(await asking)
  expect(processes).toHaveLength(1)
  const told = errorOf(lease({ system: 'T' }))
  await startFailed(FAILURE)
  expect(await isPending(told)).toBe(false)
  expect(await told).toBe(FAILURE)
})

test('[WP10] starts that fail are tried again ever more rarely, at last every half minute', async () => {
  const { startFailed, clock, starts } = openPool({ limits: { spares: 1, startsAtOnce: 1 } })
  const startedMs = clock.nowMs()
  const triedAfter: number[] = []
  for (let second = 0; second <= 150; second++) {
    if (starts.length > 0) {
      triedAfter.push((clock.nowMs() - startedMs) / 1000)
      await startFailed(FAILURE)
    }
    await clock.advance(1000)
  }
  // It is looked every five seconds, and waited 1, 2, 4, 8, 16 and then 30 seconds.
  expect(triedAfter).toEqual([0, 5, 10, 15, 25, 45, 75, 105, 135])
})

test('a start is tried for a request that has nobody else to wait for, also where starts were failing', async () => {
  const { lease, started, startFailed, starts, of } = openPool()
  for (let round = 0; round < 4; round++) {
    expect(starts).toHaveLength(0)
    const told = errorOf(lease())
    expect(starts).toHaveLength(1)
    await startFailed(FAILURE)
    expect(await told).toBe(FAILURE)
  }
  const asking = lease()
  await started()
  expect(of(await asking).number).toBe(1)
})

test('[WP10] once a start has succeeded spares are refilled at once', async () => {
  const { lease, started, startFailed, starts, clock } = openPool({ limits: { spares: 1, startsAtOnce: 1 } })
  for (let round = 0; round < 6; round++) {
    await startFailed(FAILURE)
    await clock.advance(30_000)
  }
  await startFailed(FAILURE)
  const asking = lease()
  await started()
  await asking
  expect(starts).toHaveLength(1)
})

test('[WP10] once a start has succeeded the waits after failures begin anew', async () => {
  const { started, startFailed, starts, clock } = openPool({ limits: { spares: 1, startsAtOnce: 1 } })
  for (let round = 0; round < 6; round++) {
    await startFailed(FAILURE)
    await clock.advance(30_000)
  }
  const process = await started()
  process.die()
  await clock.advance(0)
  await startFailed(FAILURE)
  expect(starts).toHaveLength(0)
  await clock.advance(5000)
  expect(starts).toHaveLength(1)
})
