import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'

/** All that is given out for the public network; what lies beside it has no range of its own in every case. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')
/** On a network without IPv4 every IPv4 address is reached through this one. Source: RFC 6052. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')
/** Given out, yet on Azure it is the machine's own host, which knows its secrets. */
const AZURE_HOST = '168.63.129.16'

/** Networks such as `203.0.113.0/24`. */
export type Networks = readonly string[]

/**
 * The networks that this machine is in, as its interfaces have them just now. An address in one of them may be public and
 * yet lead to this machine or to a neighbour behind the same firewall.
 */
export const systemNetworks = (): Networks =>
  Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.flatMap(({ cidr }) => cidr ?? []))

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, networks: Networks): boolean {
  return networks.some((text) => {
    const [network, bits] = ipaddr.parseCIDR(text)
    return network.kind() === address.kind() && address.match(network, bits)
  })
}

const isPublicIpv4 = (address: ipaddr.IPv4, own: Networks): boolean =>
  address.range() === 'unicast' && address.toString() !== AZURE_HOST && !isWithin(address, own)

/**
 * Whether an IP address is plainly one of the public network: not of this machine or a network that it is in (`own`), a
 * private network, a provider's inside, a group or a documentation's. An IPv4 address in the clothes of IPv6 counts as what
 * it is; those of 6to4 and Teredo, which are out of use, do not count as public. What is no address is none.
 */
export function isPublicAddress(text: string, own: Networks): boolean {
  if (isIP(text) === 0) return false
  // Written `::8.8.8.8`, as the system does, an address of IPv6 alone would be read as one of IPv4.
  const written = isIP(text) === 6 ? URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) : text
  if (written === undefined) return false
  const address = ipaddr.process(written)
  if (address instanceof ipaddr.IPv4) return isPublicIpv4(address, own)
  if (address.match(NAT64)) return isPublicIpv4(new ipaddr.IPv4(address.toByteArray().slice(12)), own)
  return address.range() === 'unicast' && address.match(GLOBAL_IPV6) && !isWithin(address, own)
}
