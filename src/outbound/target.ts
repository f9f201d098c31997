/** Whether the gateway may ask an address: a caller must not see or do through it what only the gateway can reach. */
import { lookup as resolveName } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Clock } from '../core/index.ts'
import { hasCode, orAborted } from '../lib/index.ts'
import { OutboundError } from './outbound-error.ts'
import { isPublicAddress, systemNetworks, type Networks } from './public-address.ts'

/** All IP addresses of a host's name. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

/** The hosts that may be asked though they are not public, each `host` (any port) or `host:port`, as URLs spell them. */
export type PrivateHosts = readonly string[]

export interface TargetRules {
  readonly privateHosts: PrivateHosts
  readonly lookup: Lookup
  /** Of this machine, asked for with each address; the system's where it is absent. */
  readonly networks?: () => Networks
  readonly clock: Clock
}

/** What may be asked. */
export interface Target {
  readonly url: URL
  /** Those that were looked at: the connection goes to one of them and to no other. Never empty. */
  readonly addresses: readonly string[]
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }
/** One answer for a private address and a name that nobody has: two would list the names of the gateway's network. */
const NOT_PUBLIC = 'the address does not exist or is not public'
const NOT_REACHED = 'the address could not be reached'
/** Private names resolve faster than unknown ones, so both are refused this late after the lookup began. */
const REFUSED_AFTER_MS = 500

/** As the system resolves it, the file of hosts included. */
export const systemLookup: Lookup = async (hostname) =>
  (await resolveName(hostname, { all: true })).map(({ address }) => address)

function isAllowed({ hostname, port, protocol }: URL, privateHosts: PrivateHosts): boolean {
  const hosts = [hostname, `${hostname}:${port || DEFAULT_PORTS[protocol]}`]
  return privateHosts.some((host) => hosts.includes(host.toLowerCase()))
}

/** IPv6 stands in brackets; the URL's own parser has made `0x7f.1` and `2130706433` what they are. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

/**
 * The URL that a text names, relative to `base` where there is one, as far as it can be judged without asking anybody: no
 * name but `localhost` is known yet.
 * @throws OutboundError when it may not be asked.
 */
export function readAddress(
  text: string,
  {
    privateHosts,
    base,
    networks = systemNetworks,
  }: Pick<TargetRules, 'privateHosts' | 'networks'> & { readonly base?: URL | undefined },
): URL {
  const url = URL.parse(text, base?.href)
  if (url === null) throw new OutboundError('the address is not a valid URL')
  if (!Object.hasOwn(DEFAULT_PORTS, url.protocol)) throw new OutboundError('only http and https addresses are fetched')
  if (url.username !== '' || url.password !== '') throw new OutboundError('the address holds a name or a password')
  const host = hostOf(url)
  const isPrivate = host === 'localhost' || (isIP(host) !== 0 && !isPublicAddress(host, networks()))
  if (isPrivate && !isAllowed(url, privateHosts)) throw new OutboundError(NOT_PUBLIC)
  return url
}

/** The addresses of a name; none where nobody has that name. @throws OutboundError when the name cannot be resolved now. */
async function resolved(host: string, lookup: Lookup): Promise<readonly string[]> {
  try {
    return await lookup(host)
  } catch (cause) {
    // EINVAL: the name is too long for a name.
    if (hasCode(cause, 'ENOTFOUND', 'EINVAL')) return []
    throw new OutboundError(NOT_REACHED, { retryable: true, cause })
  }
}

/**
 * The target that a URL names, relative to `base` where there is one. The name is resolved once.
 * @throws OutboundError when it may not be asked or cannot be resolved; the signal's reason when that aborts first.
 */
export async function openTarget(
  text: string,
  {
    privateHosts,
    lookup,
    networks = systemNetworks,
    clock,
    base,
    signal,
  }: TargetRules & { readonly base?: URL; readonly signal: AbortSignal },
): Promise<Target> {
  const url = readAddress(text, { privateHosts, networks, base })
  const host = hostOf(url)
  if (isIP(host) !== 0) return { url, addresses: [host] }
  const refusal = Promise.withResolvers<void>()
  using _timer = clock.after(REFUSED_AFTER_MS, refusal.resolve)
  const addresses = await orAborted(resolved(host, lookup), signal)
  if (isAllowed(url, privateHosts)) {
    // The operator has named it, so that it is missing is an outage and no secret.
    if (addresses.length === 0) throw new OutboundError(NOT_REACHED, { retryable: true })
    return { url, addresses }
  }
  const own = networks()
  if (addresses.length > 0 && addresses.every((address) => isPublicAddress(address, own))) return { url, addresses }
  await orAborted(refusal.promise, signal)
  throw new OutboundError(NOT_PUBLIC)
}
