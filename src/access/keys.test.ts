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

/** A check of one `Authorization` header. */
const bearerCheck = (keys: readonly TenantKey[]) => {
  const tenantOf = createKeyCheck(keys)
  return (authorization: string | undefined): string | undefined => tenantOf({ authorization })
}

const anyKey = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
})

test('[AU1] the key fits as a bearer, in any case of the word and with spaces around', () => {
  const tenantOf = bearerCheck(KEYS)
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
  expect(bearerCheck(KEYS)(header)).toBeUndefined()
})

test.each([[undefined], [''], ['Bearer'], ['Bearer '], ['Bearer  '], ['Bearer x'], ['Bearer undefined']])(
  '[AU1] an empty key fits no header, not even %j',
  (header) => {
    expect(bearerCheck([{ tenant: 'default', key: '' }])(header)).toBeUndefined()
    expect(bearerCheck([...KEYS, { tenant: 'nobody', key: '' }])(header)).toBeUndefined()
  },
)

test('[AU1] an empty key does not stand in the way of the others', () => {
  const tenantOf = bearerCheck([{ tenant: 'nobody', key: '' }, ...KEYS, { tenant: 'nobody-2', key: '' }])
  for (const { tenant, key } of KEYS) expect(tenantOf(`Bearer ${key}`)).toBe(tenant)
})

test('[AU1] without any key nobody is let in', () => {
  for (const header of [undefined, '', 'Bearer ', 'Bearer x']) expect(bearerCheck([])(header)).toBeUndefined()
})

test('[AU3] each key is its own tenant’s, whichever place it has', () => {
  for (const keys of [KEYS, KEYS.toReversed()]) {
    const tenantOf = bearerCheck(keys)
    expect(KEYS.map(({ key }) => tenantOf(`Bearer ${key}`))).toEqual(['default', 'acme', 'acme-2'])
  }
})

test('[AU2] keys of every length are compared, and only the same key fits', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (expected, presented) => {
      const tenantOf = bearerCheck([{ tenant: 't', key: expected }])
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
      const tenantOf = bearerCheck(keys.map((key, index) => ({ tenant: `t${index}`, key })))
      expect(keys.map((key) => tenantOf(`Bearer ${key}`))).toEqual(keys.map((_, index) => `t${index}`))
      const at = keys.indexOf(presented)
      expect(tenantOf(`Bearer ${presented}`)).toBe(at < 0 ? undefined : `t${at}`)
    }),
  )
})

test('[AU4] a key in a header of its own counts like the bearer, as it stands', () => {
  const tenantOf = createKeyCheck(KEYS)
  expect(tenantOf({ apiKeys: ['vv-Key_1'] })).toBe('default')
  expect(tenantOf({ apiKeys: ['a=b,c'] })).toBe('acme')
  for (const apiKey of ['', ' ', 'Bearer vv-Key_1', 'vv-Key', 'vv-Key_1, vv-Key_1', 'VV-KEY_1', 'ж'])
    expect([apiKey, tenantOf({ apiKeys: [apiKey] })]).toEqual([apiKey, undefined])
  expect(createKeyCheck([{ tenant: 'nobody', key: '' }])({ apiKeys: [''] })).toBeUndefined()
})

test('[AU5] of several keys the unknown ones do not count, and keys of two tenants are nobody’s', () => {
  const tenantOf = createKeyCheck(KEYS)
  const own = 'vv-Key_1'
  expect(tenantOf({ authorization: 'Bearer dummy', apiKeys: [own] })).toBe('default')
  expect(tenantOf({ authorization: `Bearer ${own}`, apiKeys: ['dummy', ''] })).toBe('default')
  expect(tenantOf({ authorization: `Bearer ${own}`, apiKeys: [own, own] })).toBe('default')
  expect(tenantOf({ authorization: `Bearer ${own}`, apiKeys: ['a=b,c'] })).toBeUndefined()
  expect(tenantOf({ apiKeys: ['vv-key_1', own] })).toBeUndefined()
  expect(tenantOf({ authorization: 'Bearer dummy', apiKeys: ['dummy'] })).toBeUndefined()
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
    const tenantOf = bearerCheck(KEYS)
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
