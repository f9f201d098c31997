import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeyCheck } from './keys.ts'

test('[AU1] the key fits as a bearer, in any case of the word and with spaces around', () => {
  const isKey = createKeyCheck('vv-Key_1')
  for (const header of ['Bearer vv-Key_1', 'bearer vv-Key_1', 'BEARER   vv-Key_1', 'Bearer vv-Key_1  ']) {
    expect([header, isKey(header)]).toEqual([header, true])
  }
})

test.each([
  [undefined],
  [''],
  ['vv-Key_1'],
  ['Bearer'],
  ['Bearer '],
  ['Bearervv-Key_1'],
  ['Basic vv-Key_1'],
  ['Bearer vv-key_1'],
  ['Bearer vv-Key_'],
  ['Bearer vv-Key_11'],
  ['Bearer vv-Key_1 vv-Key_1'],
  ['Bearer x, Bearer vv-Key_1'],
  ['Bearer "vv-Key_1"'],
  ['x Bearer vv-Key_1'],
  ['Bearer vv-Key_1\nx'],
  [`Bearer ${'x'.repeat(1_000_000)}`],
  ['Bearer Ж🙂'],
])('[AU1] the header %j does not fit', (header) => {
  expect(createKeyCheck('vv-Key_1')(header)).toBe(false)
})

test.each([[undefined], [''], ['Bearer'], ['Bearer '], ['Bearer  '], ['Bearer x'], ['Bearer undefined']])(
  '[AU1] an empty key fits no header, not even %j',
  (header) => {
    expect(createKeyCheck('')(header)).toBe(false)
  },
)

test('[AU2] keys of every length are compared, and only the same key fits', () => {
  const key = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
  })
  fc.assert(
    fc.property(key, key, (expected, presented) => {
      const isKey = createKeyCheck(expected)
      expect(isKey(`Bearer ${expected}`)).toBe(true)
      expect(isKey(`Bearer ${presented}`)).toBe(presented === expected)
      expect(isKey(`Bearer ${expected}${presented}`)).toBe(false)
      expect(isKey(`Bearer ${presented.slice(0, 1)}`)).toBe(presented.slice(0, 1) === expected)
    }),
  )
})
