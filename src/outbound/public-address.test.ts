import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { isPublicAddress, systemNetworks } from './public-address.ts'

test.each([
  '8.8.8.8',
  '93.184.215.14',
  '172.32.0.1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:80e::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
])('[IM3] %s is a public address', (address) => {
  expect(isPublicAddress(address, [])).toBe(true)
})

test.each([
  ['this machine', '127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '::1', '::'],
  ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd00:ec2::254', 'fec0::1'],
  ['of the link', '169.254.169.254', 'fe80::1', 'fe80::1%eth0'],
  ['a provider’s inside', '100.64.0.1', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  ['of a group', '224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1'],
  ['set aside', '192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '240.0.0.1', '192.88.99.1'],
  ['set aside in IPv6', '2001:db8::1', '3fff::1', '100::1', '2001:10::1', '2001:20::1', '5f00::1', '4000::1'],
  ['IPv4 in IPv6', '::ffff:127.0.0.1', '::ffff:a00:1', '::127.0.0.1', '::ffff:0:127.0.0.1', '::8.8.8.8'],
  ['translated', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::808:808'],
  ['tunnelled', '2002:7f00:1::1', '2002:808:808::1', '2001:0:7f00:1::1'],
  ['no address', '', 'localhost', '8.8.8.8.8', '8.8.8.8/8', '[::1]'],
])('[IM3] what is %s is no public address', (_kind, ...addresses) => {
  expect(addresses.filter((address) => isPublicAddress(address, []))).toEqual([])
})

test.each([
  ['the machine’s own', '93.184.215.14', '2606:4700:1:2::14', '::ffff:93.184.215.14', '64:ff9b::5db8:d70e'],
  ['a neighbour’s', '93.184.215.1', '93.184.215.255', '2606:4700:1:2:ffff::1', '::ffff:5db8:d701'],
  ['the other end of a tunnel’s', '8.8.4.4'],
])('[IM9] %s public address is none to a caller', (_whose, ...addresses) => {
  const own = ['127.0.0.1/8', '93.184.215.14/24', '2606:4700:1:2::14/64', 'fe80::1/64', '8.8.4.4/32']
  expect(addresses.filter((address) => isPublicAddress(address, own))).toEqual([])
  const beside = ['93.184.214.14', '93.184.216.1', '2606:4700:1:3::14', '8.8.4.5', '64:ff9b::5db8:d80e']
  expect(beside.filter((address) => isPublicAddress(address, own))).toEqual(beside)
})

test('[IM9] the machine’s networks are those of its interfaces', () => {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address))
  expect(systemNetworks().map((network) => network.replace(/\/.*/, ''))).toEqual(addresses)
})
