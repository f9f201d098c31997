/** Whether the gateway may ask an address for a picture: a caller must not see through it what only the gateway can reach. */
import { lookup as resolveName } from 'node:dns/promises'
import { isIP } from 'node:net'
import { orAborted } from '../lib/index.ts'
import { PictureError } from './picture-error.ts'
import { isPublicAddress } from './public-address.ts'

/** All IP addresses of a host's name. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

export interface TargetRules {
  /** The hosts that may be asked though they are not public, each `host` (any port) or `host:port`, as URLs spell them. */
  readonly privateHosts: readonly string[]
  readonly lookup: Lookup
}

/** What may be asked. */
export interface Target {
  readonly url: URL
  /** Those that were looked at: the connection goes to one of them and to no other. Never empty. */
  readonly addresses: readonly string[]
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/** As the system resolves it, the file of hosts included. */
export const systemLookup: Lookup = async (hostname) =>
  (await resolveName(hostname, { all: true })).map(({ address }) => address)

function isAllowed({ hostname, port, protocol }: URL, privateHosts: readonly string[]): boolean {
  const hosts = [hostname, `${hostname}:${port || DEFAULT_PORTS[protocol]}`]
  return privateHosts.some((host) => hosts.includes(host.toLowerCase()))
}

async function addressesOf(host: string, lookup: Lookup): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  try {
    const addresses = await lookup(host)
    if (addresses.length > 0) return addresses
  } catch (cause) {
    throw new PictureError('the address could not be reached', { retryable: true, cause })
  }
  throw new PictureError('the address could not be reached', { retryable: true })
}

/**
 * The target that a URL names, relative to `base` where there is one. The name is resolved once.
 * @throws PictureError when it may not be asked or cannot be resolved; the signal's reason when that aborts first.
 */
export async function openTarget(
  text: string,
  { privateHosts, lookup, base, signal }: TargetRules & { readonly base?: URL; readonly signal: AbortSignal },
): Promise<Target> {
  const url = URL.parse(text, base?.href)
  if (url === null) throw new PictureError('the address is not a valid URL')
  if (!Object.hasOwn(DEFAULT_PORTS, url.protocol)) throw new PictureError('only http and https addresses are fetched')
  if (url.username !== '' || url.password !== '') throw new PictureError('the address holds a name or a password')
  // The URL's own parser has made `0x7f.1` and `2130706433` what they are; IPv6 stands in brackets.
  const addresses = await orAborted(addressesOf(url.hostname.replace(/^\[(.*)\]$/, '$1'), lookup), signal)
  if (!isAllowed(url, privateHosts) && !addresses.every(isPublicAddress)) {
    throw new PictureError('the address is not a public one')
  }
  return { url, addresses }
}
