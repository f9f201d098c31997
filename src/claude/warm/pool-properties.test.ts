import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openPool, WHOLE, type FakeProcess, type OpenPool } from '../../../test/support/open-pool.ts'
import type { Lease } from './lease.ts'

const MAX = 3

interface Waiting {
  readonly tenant: string
  readonly leaving: AbortController
  readonly asking: Promise<Lease>
}

/** What may happen, and to which of those it may happen to. */
const anyEvent = fc.record({
  what: fc.constantFrom(
    'ask',
    'ask',
    'ask',
    'release',
    'release',
    'lose',
    'rest',
    'rest',
    'doubt',
    'die',
    'leave',
    'start',
    'start',
    'fail',
    'pass',
  ),
  who: fc.nat(5),
  tenant: fc.constantFrom('a', 'b'),
})

/** Plays what happens, and watches that no process has two users, or two tenants, or is given when it is lost. */
function createWatch(opened: OpenPool) {
  const waiting: Waiting[] = []
  const leases: { readonly tenant: string; readonly lease: Lease }[] = []
  const lost = new Set<FakeProcess>()
  const tenants = new Map<FakeProcess, string>()
  const served = { given: 0, told: 0 }

  function given(tenant: string, lease: Lease): void {
    const process = opened.of(lease)
    served.given++
    expect(lost.has(process)).toBe(false)
    expect(leases.some((one) => opened.of(one.lease) === process)).toBe(false)
    expect(tenants.get(process) ?? tenant).toBe(tenant)
    tenants.set(process, tenant)
    leases.push({ tenant, lease })
  }

  const forget = (one: Waiting): void => void waiting.splice(waiting.indexOf(one), 1)

  async function happen({
    what,
    who,
    tenant,
  }: {
    readonly what: string
    readonly who: number
    readonly tenant: string
  }) {
    const recovering = opened.processes.filter(({ settles, stops }) => settles.length > 0 && stops.length === 0)
    const process = opened.processes[who % Math.max(1, opened.processes.length)]
    switch (what) {
      case 'ask': {
        const leaving = new AbortController()
        const asking = opened.lease({ tenant, signal: leaving.signal, system: String(who) })
        const one = { tenant, leaving, asking }
        waiting.push(one)
        asking.then(
          (lease) => {
            forget(one)
            given(tenant, lease)
          },
          () => {
            forget(one)
            served.told++
          },
        )
        break
      }
      case 'release':
      case 'lose': {
        const [one] = leases.splice(who % Math.max(1, leases.length), 1)
        if (one === undefined) break
        if (what === 'lose') lost.add(opened.of(one.lease))
        one.lease.release(what === 'lose' ? { ...WHOLE, lost: 'doubt' } : WHOLE)
        break
      }
      case 'rest':
        recovering[who % Math.max(1, recovering.length)]?.rested()
        break
      case 'doubt':
        recovering[who % Math.max(1, recovering.length)]?.doubted()
        break
      case 'die':
        if (process === undefined) break
        lost.add(process)
        process.die()
        break
      case 'leave':
        waiting[who % Math.max(1, waiting.length)]?.leaving.abort(new Error('left'))
        break
      case 'start':
        if (opened.starts.length > 0) await opened.started()
        break
      case 'fail':
        if (opened.starts.length > 0) await opened.startFailed(new Error('no start'))
        break
      case 'pass':
        await opened.clock.advance(who * 1000)
        break
      default:
    }
    await opened.clock.advance(0)
  }

  return { waiting, leases, served, happen }
}

test('[WP3] [WP4] [WP10] whatever happens, a process has one user and one tenant, none that is lost is used, and nobody waits for ever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { minLength: 10, maxLength: 60 }), async (events) => {
      const opened = openPool({ limits: { max: MAX, spares: 1, memoryMb: 100_000, startsAtOnce: 2 } })
      const { waiting, leases, served, happen } = createWatch(opened)
      for (const event of events) {
        await happen(event)
        const { size, busy, idle, starting } = opened.pool.figures
        expect(size).toBe(busy + idle)
        expect(size + starting).toBeLessThanOrEqual(MAX)
        expect(starting).toBe(opened.starts.length)
      }
      // From here on all goes well, and everybody is served.
      for (let round = 0; waiting.length > 0; round++) {
        expect(round).toBeLessThan(200)
        for (const { lease } of leases.splice(0)) lease.release(WHOLE)
        for (const process of opened.processes) process.rested()
        if (opened.starts.length > 0) await opened.started()
        await opened.clock.advance(1000)
      }
      expect(served.given + served.told).toBe(events.filter(({ what }) => what === 'ask').length)
      await opened.pool.close()
      expect(opened.pool.figures).toMatchObject({ size: 0, starting: 0, waiting: 0 })
      // Every process was ended, or ended by itself.
      for (const { process } of opened.processes) await process.exit
    }),
    { seed: 41, numRuns: 150, interruptAfterTimeLimit: 10_000 },
  )
})
