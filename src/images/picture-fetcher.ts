import { REQUEST_LIMITS, type Clock } from '../core/index.ts'
import { createSemaphore } from '../lib/index.ts'
import { OutboundError, systemLookup, type Lookup } from '../outbound/index.ts'
import { download } from './download.ts'
import { createPictureCache } from './picture-cache.ts'
import type { Picture } from '../core/index.ts'
import { createSharedRuns } from './shared-runs.ts'

const MIB = 1024 * 1024
/** A request may name a hundred pictures; what waits longer than its time is gone anyway. */
const MAX_WAITING = 512
/** A conversation names its pictures anew with each of its turns. */
const KEPT_MS = 5 * 60_000
const MAX_KEPT_BYTES = 64 * MIB

/** Gets the pictures that callers name by address. */
export interface PictureFetcher {
  /**
   * The picture at an `http:` or `https:` URL, from memory where the same scope (a tenant) has had it in the last five
   * minutes. Callers of one scope that want the same at once share one fetch.
   * @throws OutboundError when there is none to be had; the signal's reason when that aborts.
   */
  fetch(url: string, options: { readonly scope: string; readonly signal: AbortSignal }): Promise<Picture>
}

export interface PictureFetcherOptions {
  readonly clock: Clock
  /** The hosts that may be asked though they are not public, each `host` (any port) or `host:port`, as URLs spell them. */
  readonly privateHosts: readonly string[]
  readonly maxBytes?: number
  /** For one picture, its redirects and its wait for a place included. */
  readonly limitMs?: number
  readonly maxRedirects?: number
  /** How many are fetched at a time; the others wait in line. */
  readonly atOnce?: number
  readonly lookup?: Lookup
}

/** Holds nothing open: a fetch ends with its last caller, and what is kept goes with its time. */
export function createPictureFetcher({
  clock,
  privateHosts,
  maxBytes = REQUEST_LIMITS.imageBytes.most,
  limitMs = 10_000,
  maxRedirects = 5,
  atOnce = 8,
  lookup = systemLookup,
}: PictureFetcherOptions): PictureFetcher {
  const line = createSemaphore({ capacity: atOnce, maxWaiting: MAX_WAITING })
  const runs = createSharedRuns<Picture>()
  const cache = createPictureCache({ clock, keptMs: KEPT_MS, maxBytes: MAX_KEPT_BYTES })

  async function fetchWithin(url: string, left: AbortSignal): Promise<Picture> {
    const late = new AbortController()
    using _limit = clock.after(limitMs, () =>
      late.abort(new OutboundError(`it took longer than ${limitMs / 1000} s`, { retryable: true })),
    )
    const signal = AbortSignal.any([left, late.signal])
    using place = await line.enter({ signal })
    if (place === undefined) throw new OutboundError('too many pictures are being fetched', { retryable: true })
    return await download(url, { privateHosts, lookup, clock, maxBytes, maxRedirects, signal })
  }

  return {
    async fetch(url, { scope, signal }) {
      signal.throwIfAborted()
      const key = JSON.stringify([scope, url])
      const kept = cache.get(key)
      if (kept !== undefined) return kept
      const fetchAndKeep = async (left: AbortSignal): Promise<Picture> => {
        const picture = await fetchWithin(url, left)
        cache.put(key, picture)
        return picture
      }
      return await runs.run(key, fetchAndKeep, { signal })
    },
  }
}
