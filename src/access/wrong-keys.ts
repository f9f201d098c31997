/** How many wrong keys an address may present before it is told to wait. A right key is never looked up here. */
import ipaddr from 'ipaddr.js'
import type { Clock } from '../core/index.ts'

/** A client that was given a wrong key presents it with each request for a while; whoever guesses needs millions. */
export const MAX_WRONG_KEYS = 20
export const WRONG_KEYS_MS = 60_000
/** Those that presented a wrong key longest ago are forgotten. */
const MAX_ADDRESSES = 10_000

export interface WrongKeys {
  /**
   * Counts a wrong key. `isLimited` from the first one that is too many; `isNews` where the log should hold it: up to that
   * first one, so that guesses do not fill the log.
   */
  presented(address: string): { readonly isLimited: boolean; readonly isNews: boolean; readonly retryAfterMs: number }
  /** How many addresses are remembered. */
  readonly size: number
}

/** A customer of a provider has a network of IPv6 for itself, of which each address costs nothing. */
function ownerOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6
    ? ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toNormalizedString()}/64`).toString()
    : parsed.toString()
}

export function createWrongKeys({ clock }: { readonly clock: Clock }): WrongKeys {
  const counts = new Map<string, { count: number; readonly endsMs: number }>()
  return {
    presented(address) {
      const owner = ownerOf(address)
      const nowMs = clock.nowMs()
      const before = counts.get(owner)
      const entry =
        before === undefined || before.endsMs <= nowMs ? { count: 0, endsMs: nowMs + WRONG_KEYS_MS } : before
      entry.count++
      counts.delete(owner)
      counts.set(owner, entry)
      const [oldest] = counts.keys()
      if (counts.size > MAX_ADDRESSES && oldest !== undefined) counts.delete(oldest)
      return {
        isLimited: entry.count > MAX_WRONG_KEYS,
        isNews: entry.count <= MAX_WRONG_KEYS + 1,
        retryAfterMs: entry.endsMs - nowMs,
      }
    },
    get size() {
      return counts.size
    },
  }
}
