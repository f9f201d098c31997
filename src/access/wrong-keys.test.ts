import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createWrongKeys, MAX_WRONG_KEYS, WRONG_KEYS_MS } from './wrong-keys.ts'

test('[AU6] an address is limited after so many wrong keys within a minute, and free again after it', async () => {
  const clock = createManualClock()
  const { presented } = createWrongKeys({ clock })
  for (let key = 0; key < MAX_WRONG_KEYS; key++)
    expect(presented('192.0.2.1')).toEqual({ isLimited: false, isNews: true, retryAfterMs: WRONG_KEYS_MS })
  await clock.advance(WRONG_KEYS_MS - 1)
  expect(presented('192.0.2.1')).toEqual({ isLimited: true, isNews: true, retryAfterMs: 1 })
  expect(presented('192.0.2.1')).toEqual({ isLimited: true, isNews: false, retryAfterMs: 1 })
  expect(presented('192.0.2.2').isLimited).toBe(false)
  await clock.advance(1)
  expect(presented('192.0.2.1').isLimited).toBe(false)
})

test('[AU6] addresses of one network of IPv6 are one client, and IPv4 in the clothes of IPv6 is IPv4', () => {
  const { presented } = createWrongKeys({ clock: createManualClock() })
  for (let key = 0; key < MAX_WRONG_KEYS; key++) {
    presented(`2001:db8:1:2::${key}`)
    presented('::ffff:192.0.2.1')
  }
  expect(presented('2001:db8:1:2:ffff::1').isLimited).toBe(true)
  expect(presented('2001:db8:1:3::1').isLimited).toBe(false)
  expect(presented('192.0.2.1').isLimited).toBe(true)
})

test('[AU6] however many addresses come, what is remembered of them is bounded, and the newest stay', () => {
  const keys = createWrongKeys({ clock: createManualClock() })
  for (let key = 0; key <= MAX_WRONG_KEYS; key++) keys.presented('203.0.113.1')
  for (let address = 0; address < 30_000; address++)
    keys.presented(`10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`)
  expect(keys.size).toBe(10_000)
  expect(keys.presented('203.0.113.1').isLimited).toBe(false)
})
