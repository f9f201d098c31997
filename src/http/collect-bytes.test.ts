import fc from 'fast-check'
import { expect, test } from 'vitest'
import { collectBytes } from './collect-bytes.ts'

test('[R12] bytes that arrive in chunks of any size are the same bytes, each piece in memory of its own', () => {
  const chunks = fc.array(fc.integer({ min: 0, max: 700_000 }), { maxLength: 8 })
  fc.assert(
    fc.property(chunks, (sizes) => {
      const sent = sizes.map((size, at) => Buffer.alloc(size, `${at}ab`))
      const collected = collectBytes()
      for (const chunk of sent) collected.add(chunk)
      expect(Buffer.concat(collected.pieces).equals(Buffer.concat(sent))).toBe(true)
      const memory = collected.pieces.map(({ buffer }) => buffer)
      expect(new Set(memory).size).toBe(memory.length)
    }),
    { numRuns: 30 },
  )
})

test.each([1, 4097, 66_000, 1_500_000])('[LM8] %d bytes take at most twice their memory, or one page', (bytes) => {
  const collected = collectBytes()
  collected.add(new Uint8Array(bytes))
  const memory = collected.pieces.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
  expect(memory).toBeLessThanOrEqual(Math.max(4096, 2 * bytes))
})
