import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isDue, isScarce, keptFreeBytes, verdictOf } from './size-decision.ts'

const GIB = 1024 ** 3
const limits = { maxBytes: 1000, everyMs: 3000 }
const roomy = { freeBytes: 50 * GIB, totalBytes: 100 * GIB }
const scarce = { freeBytes: GIB - 1, totalBytes: 100 * GIB }
const last = { bytes: 400, freeBytes: 50 * GIB, endedMs: 10_000 }

test('[WS5] a directory is measured 3 s after the last measurement ended, whatever that one took', () => {
  expect(isDue(roomy, last, 12_999, limits)).toBe(false)
  expect(isDue(roomy, last, 13_000, limits)).toBe(true)
})

test('[WS5] it is measured at once when the disk lost more than the run may still write', () => {
  const after = (bytes: number): boolean =>
    isDue({ ...roomy, freeBytes: last.freeBytes - bytes }, last, last.endedMs, limits)
  expect([after(600), after(601), after(-5000)]).toEqual([false, true, false])
})

test('[WS14] of a disk a twentieth is kept free, at most 1 GiB', () => {
  expect([keptFreeBytes({ totalBytes: 100 * GIB }), keptFreeBytes({ totalBytes: 1000 })]).toEqual([GIB, 50])
  expect([isScarce(scarce), isScarce(roomy), isScarce({ freeBytes: 0, totalBytes: 0 })]).toEqual([true, false, false])
  expect(isDue(scarce, { ...last, freeBytes: scarce.freeBytes }, last.endedMs, limits)).toBe(true)
})

test('[WS14] on a disk with little left a run that wrote is stopped, one that did not goes on', () => {
  expect(verdictOf(401, last, scarce, limits)).toBe('disk-full')
  expect(verdictOf(400, last, scarce, limits)).toBe('within')
  expect(verdictOf(401, last, roomy, limits)).toBe('within')
  expect(verdictOf(401, undefined, scarce, limits)).toBe('within')
})

test('[WS15] on a disk with half of that left each run is stopped, also one that is not seen to write', () => {
  const half = { freeBytes: GIB / 2, totalBytes: 100 * GIB }
  expect(verdictOf(400, last, half, limits)).toBe('within')
  for (const seen of [last, undefined])
    expect(verdictOf(400, seen, { ...half, freeBytes: half.freeBytes - 1 }, limits)).toBe('disk-full')
})

test('[WS5] more than its limit is too large, whatever is left on the disk', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.nat(2000), fc.constantFrom(roomy, scarce), (bytes, before, space) => {
      expect(verdictOf(bytes, { bytes: before }, space, limits) === 'too-large').toBe(bytes > limits.maxBytes)
    }),
  )
})
