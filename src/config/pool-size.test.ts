import fc from 'fast-check'
import { expect, test } from 'vitest'
import { poolSize } from './pool-size.ts'

const GB = 1024

test.each([
  // Memory in MiB, cores; processes, spares, and the MiB that they may take.
  [512, 1, 1, 1, 256],
  [1 * GB, 1, 1, 1, 256],
  [2 * GB, 2, 2, 2, 512],
  [4 * GB, 2, 4, 2, 1024],
  [8 * GB, 4, 8, 4, 2048],
  [8 * GB, 1, 8, 1, 2048],
  [16 * GB, 8, 16, 4, 4096],
  [64 * GB, 16, 16, 4, 16_384],
  [512 * GB, 128, 16, 4, 131_072],
])('[CF1] [WP10] a machine of %j MiB and %j cores keeps %j processes, %j of them spare, within %j MiB', (...row) => {
  const [memoryMb, cores, max, spares, budgetMb] = row
  expect(poolSize({ memoryMb, cores }, {})).toEqual({ max, spares, memoryMb: budgetMb })
})

test('[CF1] [WP10] what is set counts, and the rest follows from it', () => {
  const machine = { memoryMb: 16 * GB, cores: 8 }
  expect(poolSize(machine, { max: 3 })).toEqual({ max: 3, spares: 3, memoryMb: 4096 })
  expect(poolSize(machine, { max: 100 })).toEqual({ max: 100, spares: 4, memoryMb: 4096 })
  expect(poolSize(machine, { spares: 0 })).toEqual({ max: 16, spares: 0, memoryMb: 4096 })
  expect(poolSize(machine, { spares: 12 })).toEqual({ max: 16, spares: 12, memoryMb: 4096 })
  expect(poolSize(machine, { memoryMb: 1000 })).toEqual({ max: 4, spares: 4, memoryMb: 1000 })
  expect(poolSize(machine, { memoryMb: 128 })).toEqual({ max: 1, spares: 1, memoryMb: 128 })
  expect(poolSize(machine, { memoryMb: 10_000_000 })).toEqual({ max: 16, spares: 4, memoryMb: 10_000_000 })
  expect(poolSize(machine, { max: 2, spares: 5, memoryMb: 300 })).toEqual({ max: 2, spares: 2, memoryMb: 300 })
})

test('[WP10] where no process is to be kept none is spare', () => {
  expect(poolSize({ memoryMb: 16 * GB, cores: 8 }, { max: 0 })).toMatchObject({ max: 0, spares: 0 })
  expect(poolSize({ memoryMb: 16 * GB, cores: 8 }, { max: 0, spares: 4 })).toMatchObject({ max: 0, spares: 0 })
})

const optional = (min: number, max: number) => fc.option(fc.integer({ min, max }), { nil: undefined })

test('[WP10] whatever the machine and the settings, the figures are whole and fit each other', () => {
  fc.assert(
    fc.property(
      fc.record({ memoryMb: fc.integer({ min: 512, max: 512 * GB }), cores: fc.integer({ min: 1, max: 256 }) }),
      fc.record({ max: optional(0, 1000), spares: optional(0, 1000), memoryMb: optional(128, 10_000_000) }),
      (machine, wanted) => {
        const { max, spares, memoryMb } = poolSize(machine, wanted)
        for (const figure of [max, spares, memoryMb]) expect(Number.isSafeInteger(figure)).toBe(true)
        expect(memoryMb).toBe(wanted.memoryMb ?? Math.max(256, Math.floor(machine.memoryMb / 4)))
        expect(max).toBe(wanted.max ?? max)
        expect(max).toBeGreaterThanOrEqual(wanted.max === undefined ? 1 : 0)
        expect(max).toBeLessThanOrEqual(wanted.max ?? 16)
        expect(spares).toBeGreaterThanOrEqual(0)
        expect(spares).toBeLessThanOrEqual(Math.min(max, wanted.spares ?? 4))
      },
    ),
  )
})

test('[WP10] a machine with more memory, or more cores, never keeps fewer', () => {
  const size = fc.integer({ min: 512, max: 512 * GB })
  const cores = fc.integer({ min: 1, max: 256 })
  fc.assert(
    fc.property(size, size, cores, cores, (a, b, c, d) => {
      const small = poolSize({ memoryMb: Math.min(a, b), cores: Math.min(c, d) }, {})
      const large = poolSize({ memoryMb: Math.max(a, b), cores: Math.max(c, d) }, {})
      expect(large.max).toBeGreaterThanOrEqual(small.max)
      expect(large.spares).toBeGreaterThanOrEqual(small.spares)
      expect(large.memoryMb).toBeGreaterThanOrEqual(small.memoryMb)
    }),
  )
})
