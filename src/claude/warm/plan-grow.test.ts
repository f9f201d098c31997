import fc from 'fast-check'
import { expect, test } from 'vitest'
import { grow, MAX_IDLE_MS, type Growth, type Idle, type PoolLimits } from './plan.ts'

type State = Parameters<typeof grow>[0]

const NOBODY: State = { idle: [], busy: 0, starting: 0, waiting: 0, otherMb: 0 }
const LIMITS: PoolLimits = { max: 8, spares: 2, reusable: false, memoryMb: 10_000, startsAtOnce: 2 }
/** What the plan takes a process to need that is started. */
const NEW_MB = 120

const spare = (id: number, rest: Partial<Idle> = {}): Idle => ({
  id,
  tenant: undefined,
  idleMs: 0,
  memoryMb: NEW_MB,
  makesWay: true,
  ...rest,
})
const used = (id: number, rest: Partial<Idle> = {}): Idle => spare(id, { tenant: 'a', ...rest })

const anyIdle: fc.Arbitrary<readonly Idle[]> = fc
  .array(
    fc.record({
      tenant: fc.constantFrom(undefined, 'a', 'b'),
      idleMs: fc.integer({ min: 0, max: 2 * MAX_IDLE_MS }),
      memoryMb: fc.integer({ min: 60, max: 500 }),
    }),
    { maxLength: 8 },
  )
  .map((list) => list.map((one, id) => ({ ...one, id, makesWay: true })))

/** A pool that keeps its limits, save that of memory: processes grow. */
const anyPool: fc.Arbitrary<readonly [State, PoolLimits]> = fc
  .record({
    idle: anyIdle,
    busy: fc.nat(6),
    starting: fc.nat(3),
    waiting: fc.nat(6),
    busyMb: fc.integer({ min: 60, max: 400 }),
    room: fc.nat(6),
    spares: fc.nat(4),
    reusable: fc.boolean(),
    memoryMb: fc.integer({ min: 128, max: 4000 }),
    idleCores: fc.nat(2),
  })
  .map(({ idle, busy, starting, waiting, busyMb, room, spares, reusable, memoryMb, idleCores }) => [
    { idle, busy, starting, waiting, otherMb: busy * busyMb },
    {
      max: Math.max(1, idle.length + busy + starting + room),
      spares,
      reusable,
      memoryMb,
      startsAtOnce: Math.max(1, starting + idleCores),
    },
  ])

const left = ({ idle }: State, { retire }: Growth): readonly Idle[] =>
  idle.filter(({ id }) => !retire.some((one) => one.id === id))
const sizeOf = (state: State, growth: Growth): number =>
  left(state, growth).length + state.busy + state.starting + growth.start
const memoryOf = (state: State, growth: Growth): number =>
  left(state, growth).reduce((sum, { memoryMb }) => sum + memoryMb, state.otherMb) +
  (state.starting + growth.start) * NEW_MB

test('[WP10] nothing is started beyond the greatest number, the budget of memory or the starts at once, but for the very first', () => {
  fc.assert(
    fc.property(anyPool, ([state, limits]) => {
      const growth = grow(state, limits)
      expect(growth.start).toBeGreaterThanOrEqual(0)
      if (growth.start === 0) return
      expect(sizeOf(state, growth)).toBeLessThanOrEqual(limits.max)
      expect(state.starting + growth.start).toBeLessThanOrEqual(limits.startsAtOnce)
      if (sizeOf(state, growth) > 1) expect(memoryOf(state, growth)).toBeLessThanOrEqual(limits.memoryMb)
    }),
    { seed: 21, numRuns: 3000, interruptAfterTimeLimit: 10_000 },
  )
})

test('[WP10] only idle processes are retired, each once, and for a cause that holds', () => {
  fc.assert(
    fc.property(anyPool, ([state, limits]) => {
      const { start, retire } = grow(state, limits)
      expect(new Set(retire.map(({ id }) => id)).size).toBe(retire.length)
      const all = state.idle.reduce((sum, { memoryMb }) => sum + memoryMb, state.otherMb) + state.starting * NEW_MB
      for (const { id, cause } of retire) {
        const one = state.idle.find((idle) => idle.id === id)
        if (cause === 'idle') expect(one?.idleMs).toBeGreaterThan(MAX_IDLE_MS)
        if (cause === 'memory') expect(all).toBeGreaterThan(limits.memoryMb)
        if (cause === 'surplus') expect(state.waiting).toBeGreaterThan(state.starting)
        expect(['idle', 'memory', 'surplus']).toContain(cause)
      }
      const short = Math.max(0, state.waiting - state.starting)
      expect(start).toBeLessThanOrEqual(short + limits.spares)
    }),
    { seed: 22, numRuns: 3000, interruptAfterTimeLimit: 10_000 },
  )
})

/** What the pool does with a decision: those who wait get what was started, the rest of it is spare. */
function apply(state: State, growth: Growth, ids: readonly number[]): State {
  const served = Math.min(state.waiting, ids.length)
  return {
    idle: [...left(state, growth), ...ids.slice(served).map((id) => spare(id))],
    busy: state.busy + served,
    starting: 0,
    waiting: state.waiting - served,
    otherMb: state.otherMb + served * NEW_MB,
  }
}

const times = (count: number, from: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => from + index)

test('[WP10] what is decided comes to rest, and nothing is ended that was just started', () => {
  fc.assert(
    fc.property(anyPool, ([start, limits]) => {
      let state = start
      let lastId = 1000
      for (let round = 0; ; round++) {
        expect(round).toBeLessThan(25)
        const growth = grow(state, limits)
        expect(growth.retire.filter(({ id }) => id > 1000)).toEqual([])
        if (growth.start + growth.retire.length + state.starting === 0) return
        state = apply(state, growth, [...times(state.starting, 100), ...times(growth.start, lastId + 1)])
        lastId += growth.start
      }
    }),
    { seed: 23, numRuns: 3000, interruptAfterTimeLimit: 10_000 },
  )
})

test('[WP10] spares are refilled as far as starts at once, number and memory allow', () => {
  expect(grow(NOBODY, LIMITS)).toEqual({ start: 2, retire: [] })
  expect(grow(NOBODY, { ...LIMITS, startsAtOnce: 1 }).start).toBe(1)
  expect(grow(NOBODY, { ...LIMITS, max: 1 }).start).toBe(1)
  expect(grow({ ...NOBODY, idle: [spare(1)] }, LIMITS).start).toBe(1)
  expect(grow({ ...NOBODY, starting: 1 }, LIMITS).start).toBe(1)
  expect(grow({ ...NOBODY, idle: [spare(1), spare(2)] }, LIMITS).start).toBe(0)
  // A used one is no spare.
  expect(grow({ ...NOBODY, idle: [used(1), used(2)], busy: 3, otherMb: 300 }, LIMITS).start).toBe(2)
  expect(grow({ ...NOBODY, idle: [used(1), used(2)] }, { ...LIMITS, max: 3 }).start).toBe(1)
  expect(grow({ ...NOBODY, busy: 1, otherMb: 200 }, { ...LIMITS, memoryMb: 439 }).start).toBe(1)
})

test('[WP10] whatever the budget of memory, one process is had', () => {
  expect(grow(NOBODY, { ...LIMITS, memoryMb: 1 }).start).toBe(1)
  expect(grow({ ...NOBODY, starting: 1 }, { ...LIMITS, memoryMb: 1 }).start).toBe(0)
})

test('[WP10] a process that is not used for ten minutes is ended, a spare only where there are too many', () => {
  const old = { idleMs: MAX_IDLE_MS + 1 }
  expect(
    grow({ ...NOBODY, idle: [used(1, old), used(2, { idleMs: MAX_IDLE_MS }), spare(3, old), spare(4)] }, LIMITS),
  ).toEqual({
    start: 0,
    retire: [{ id: 1, cause: 'idle' }],
  })
  const retired = grow({ ...NOBODY, idle: [spare(1, old), spare(2, old), spare(3, old)] }, LIMITS)
  expect(retired).toEqual({ start: 0, retire: [{ id: 1, cause: 'idle' }] })
})

test('[WP10] those that were idle longest are ended where together they take too much memory', () => {
  const idle = [
    used(1, { idleMs: 10, memoryMb: 300 }),
    used(2, { idleMs: 30, memoryMb: 300 }),
    spare(3, { memoryMb: 300 }),
  ]
  expect(grow({ ...NOBODY, idle }, { ...LIMITS, memoryMb: 650 })).toEqual({
    start: 0,
    retire: [{ id: 2, cause: 'memory' }],
  })
})

test('[WP10] an idle process makes room for one that somebody waits for, the one that was idle longest first', () => {
  const idle = [used(1, { idleMs: 10 }), used(2, { idleMs: 20 })]
  const full: State = { ...NOBODY, idle, busy: 2, otherMb: 240 }
  const limits = { ...LIMITS, max: 4, spares: 0 }
  expect(grow(full, limits)).toEqual({ start: 0, retire: [] })
  expect(grow({ ...full, waiting: 1 }, limits)).toEqual({ start: 1, retire: [{ id: 2, cause: 'surplus' }] })
  // Nobody is ended for whom a process is being started already.
  expect(grow({ ...full, busy: 1, starting: 1, waiting: 1 }, limits)).toEqual({ start: 0, retire: [] })
  // Spares are wanted, but nothing is ended for them.
  expect(grow(full, { ...limits, spares: 2 })).toEqual({ start: 0, retire: [] })
})

test.each<readonly [string, State, Partial<PoolLimits>]>([
  [
    'as many are being started as may be at once',
    { ...NOBODY, idle: [used(1), used(2), used(3)], busy: 3, otherMb: 360, starting: 2, waiting: 5 },
    { startsAtOnce: 2 },
  ],
  [
    'the memory that it frees is not enough for another',
    { ...NOBODY, idle: [used(1, { memoryMb: 40 })], busy: 4, otherMb: 950, waiting: 1 },
    { memoryMb: 1000 },
  ],
])('[WP10] no idle process makes room in vain: %s', (_, state, limits) => {
  expect(grow(state, { ...LIMITS, spares: 0, ...limits })).toEqual({ start: 0, retire: [] })
})

test('[WP10] the only process there is stays, though it takes more than the budget: another would take as much', () => {
  const idle = [used(1, { memoryMb: 150 })]
  expect(grow({ ...NOBODY, idle }, { ...LIMITS, memoryMb: 128 })).toEqual({ start: 0, retire: [] })
})
