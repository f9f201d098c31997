import { expect, test } from 'vitest'
import { createClientAddress } from './client-address.ts'

const clientAddress = createClientAddress({ trusted: ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8'] })

test.each([
  ['no proxy', '203.0.113.9', undefined, '203.0.113.9'],
  ['a caller that forges the header', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['one proxy', '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['one proxy, and a caller that forged what is left of it', '127.0.0.1', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
  ['a caller that forges a trusted address', '127.0.0.1', '10.0.0.1, 203.0.113.9', '203.0.113.9'],
  ['two proxies', '127.0.0.1', '203.0.113.9, 10.1.2.3', '203.0.113.9'],
  ['two proxies in two headers', '127.0.0.1', '203.0.113.9,10.1.2.3', '203.0.113.9'],
  ['proxies alone', '127.0.0.1', '10.0.0.7, 10.0.0.8', '10.0.0.7'],
  ['no header behind a proxy', '10.0.0.1', undefined, '10.0.0.1'],
  ['an empty header', '127.0.0.1', '', '127.0.0.1'],
  ['no address at the right', '127.0.0.1', '203.0.113.9, unknown', '127.0.0.1'],
  ['text in the header', '127.0.0.1', '<script>, "x\n', '127.0.0.1'],
  ['IPv4 in the form of IPv6', '::ffff:127.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
  ['a port', '127.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
  ['IPv6 with a port', '::1', '[2001:db8::9]:4711', '2001:db8::9'],
  ['IPv6', '::1', '2001:DB8::9, fd00::2', '2001:db8::9'],
  ['a peer on the same link', 'fe80::1%eth0', undefined, 'fe80::1'],
  ['a scope in the header', '127.0.0.1', 'fe80::1%eth0', '127.0.0.1'],
  ['no connection', undefined, '203.0.113.9', undefined],
])('[LG5] [LG6] the client of %s', (_, peer, forwardedFor, client) => {
  expect(clientAddress(peer, forwardedFor)).toBe(client)
})

test('[LG5] without trusted proxies the header is never read', () => {
  expect(createClientAddress({ trusted: [] })('127.0.0.1', '203.0.113.9')).toBe('127.0.0.1')
})

test('[LG6] a header of a megabyte is read to the first address that is not trusted', () => {
  expect(clientAddress('127.0.0.1', `${'9, '.repeat(300_000)}203.0.113.9`)).toBe('203.0.113.9')
})
