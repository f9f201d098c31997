import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromColumn, toColumn } from './text.ts'

test('[SR4] any text comes back from its column as it was, and holds nothing that PostgreSQL refuses', () => {
  const halves = fc.string({ unit: fc.integer({ min: 0, max: 0xff_ff }).map((unit) => String.fromCharCode(unit)) })
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), halves), (text) => {
      const column = toColumn(text)
      expect(column.includes('\0')).toBe(false)
      expect(column.isWellFormed()).toBe(true)
      expect(fromColumn(column)).toBe(text)
    }),
  )
})

test('[SR4] plain words stay readable', () => {
  expect(toColumn('Здравей, свят 🙂')).toBe('Здравей, свят 🙂')
})
