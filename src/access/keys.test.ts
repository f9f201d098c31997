import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeyCheck, type TenantKey } from './keys.ts'

const KEYS: readonly TenantKey[] = [
  { tenant: 'default', key: 'vv-Key_1' },
  { tenant: 'acme', key: 'a=b,c' },
  { tenant: 'acme-2', key: 'vv-key_1' },
]

const anyKey = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
})

test('[AU1] the key fits as a bearer, in any case of the word and with spaces around', () => {
  const tenantOf = createKeyCheck(KEYS)
  for (const header of ['Bearer vv-Key_1', 'bearer vv-Key_1', 'BEARER   vv-Key_1', 'Bearer vv-Key_1  ']) {
    expect([header, tenantOf(header)]).toEqual([header, 'default'])
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
  ['Bearer vv-KEY_1'],
  ['Bearer vv-Key_'],
  ['Bearer vv-Key_11'],
  ['Bearer vv-Key_1 vv-Key_1'],
  ['Bearer vv-Key_1,a=b,c'],
  ['Bearer x, Bearer vv-Key_1'],
  ['Bearer "vv-Key_1"'],
  ['Bearer default'],
  ['Bearer acme=a=b,c'],
  ['x Bearer vv-Key_1'],
  ['Bearer vv-Key_1\nx'],
  [`Bearer ${'x'.repeat(1_000_000)}`],
  ['Bearer Ж🙂'],
])('[AU1] the header %j fits no key', (header) => {
  expect(createKeyCheck(KEYS)(header)).toBeUndefined()
})

test.each([[undefined], [''], ['Bearer'], ['Bearer '], ['Bearer  '], ['Bearer x'], ['Bearer undefined']])(
  '[AU1] an empty key fits no header, not even %j',
  (header) => {
    expect(createKeyCheck([{ tenant: 'default', key: '' }])(header)).toBeUndefined()
    expect(createKeyCheck([...KEYS, { tenant: 'nobody', key: '' }])(header)).toBeUndefined()
  },
)

test('[AU1] an empty key does not stand in the way of the others', () => {
  const tenantOf = createKeyCheck([{ tenant: 'nobody', key: '' }, ...KEYS, { tenant: 'nobody-2', key: '' }])
  for (const { tenant, key } of KEYS) expect(tenantOf(`Bearer ${key}`)).toBe(tenant)
})

test('[AU1] without any key nobody is let in', () => {
  for (const header of [undefined, '', 'Bearer ', 'Bearer x']) expect(createKeyCheck([])(header)).toBeUndefined()
})

test('[AU3] each key is its own tenant’s, whichever place it has', () => {
  for (const keys of [KEYS, KEYS.toReversed()]) {
    const tenantOf = createKeyCheck(keys)
    expect(KEYS.map(({ key }) => tenantOf(`Bearer ${key}`))).toEqual(['default', 'acme', 'acme-2'])
  }
})

test('[AU2] keys of every length are compared, and only the same key fits', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (expected, presented) => {
      const tenantOf = createKeyCheck([{ tenant: 't', key: expected }])
      const fits = (key: string): boolean => tenantOf(`Bearer ${key}`) === 't'
      expect(fits(expected)).toBe(true)
      expect(fits(presented)).toBe(presented === expected)
      expect(fits(`${expected}${presented}`)).toBe(false)
      expect(fits(presented.slice(0, 1))).toBe(presented.slice(0, 1) === expected)
    }),
  )
})

test('[AU3] whatever the keys are, one that is presented is told from all others', () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyKey, { maxLength: 8 }), anyKey, (keys, presented) => {
      const tenantOf = createKeyCheck(keys.map((key, index) => ({ tenant: `t${index}`, key })))
      expect(keys.map((key) => tenantOf(`Bearer ${key}`))).toEqual(keys.map((_, index) => `t${index}`))
      const at = keys.indexOf(presented)
      expect(tenantOf(`Bearer ${presented}`)).toBe(at < 0 ? undefined : `t${at}`)
    }),
  )
})

test('[AU2] every key is compared in constant time, whichever fits, and though none does', () => {
  const { timingSafeEqual } = crypto
  const lengths: number[] = []
  crypto.timingSafeEqual = (a, b) => {
    lengths.push(a.byteLength, b.byteLength)
    return timingSafeEqual(a, b)
  }
  syncBuiltinESMExports()
  try {
    const tenantOf = createKeyCheck(KEYS)
    for (const header of [
      ...KEYS.map(({ key }) => `Bearer ${key}`),
      'Bearer x',
      `Bearer ${'x'.repeat(1000)}`,
      '',
      undefined,
    ]) {
      lengths.length = 0
      tenantOf(header)
      expect([header, lengths]).toEqual([header, [32, 32, 32, 32, 32, 32]])
    }
  } finally {
    crypto.timingSafeEqual = timingSafeEqual
    syncBuiltinESMExports()
  }
})
