import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** An address as it stands in `x-forwarded-for`, with or without a port. An IPv4 address in the form of IPv6 is IPv4. */
function parseAddress(text: string): Address | undefined {
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/.exec(text) ?? []
  const [, beforePort] = /^([\d.]+):\d+$/.exec(text) ?? []
  const address = bracketed ?? beforePort ?? text
  return isIP(address) === 0 || address.includes('%') ? undefined : ipaddr.process(address)
}

/** Addresses and networks (`10.0.0.0/8`) of proxies. */
const parseNetwork = (text: string): readonly [Address, number] => {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** Whose request it is. `peer` is the other end of the connection, `forwardedFor` the header that proxies add to. */
export type ClientAddress = (peer: string | undefined, forwardedFor: string | undefined) => string | undefined

/**
 * Each proxy adds the address that it saw to the right of `x-forwarded-for`; whatever stands left of that, the caller may
 * have made up. So the client is the right-most address that is not one of the trusted proxies. What is no address is
 * believed no more than what is left of it.
 */
export function createClientAddress({ trusted }: { readonly trusted: readonly string[] }): ClientAddress {
  const networks = trusted.map(parseNetwork)
  const isTrusted = (address: Address): boolean =>
    networks.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits))
  return (peer, forwardedFor) => {
    // The operating system names the interface of a peer on the same link, which is not a part of its address.
    let client = parseAddress(peer?.replace(/%.*$/, '') ?? '')
    for (const hop of forwardedFor?.split(',').toReversed() ?? []) {
      if (client === undefined || !isTrusted(client)) break
      const address = parseAddress(hop.trim())
      if (address === undefined) break
      client = address
    }
    return client?.toString()
  }
}
