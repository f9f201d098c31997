import type { Clock } from '../core/index.ts'
import type { Picture } from '../core/index.ts'

/** Pictures in memory, each for a while. */
export interface PictureCache {
  get(key: string): Picture | undefined
  /** Keeps it from now on; the oldest are given up where there is no room. */
  put(key: string, picture: Picture): void
}

export interface PictureCacheOptions {
  readonly clock: Clock
  readonly keptMs: number
  /** For all pictures together, with their keys, as characters of base64. */
  readonly maxBytes: number
}

interface Kept {
  readonly picture: Picture
  readonly bytes: number
  readonly expiry: Disposable
}

/** What an entry takes beside its text, so that a great many of the smallest do not pass for nothing. */
const ENTRY_BYTES = 1024

export function createPictureCache({ clock, keptMs, maxBytes }: PictureCacheOptions): PictureCache {
  /** Oldest first. */
  const entries = new Map<string, Kept>()
  let held = 0

  function drop(key: string): void {
    const kept = entries.get(key)
    if (kept === undefined) return
    entries.delete(key)
    held -= kept.bytes
    kept.expiry[Symbol.dispose]()
  }

  return {
    get: (key) => entries.get(key)?.picture,
    put(key, picture) {
      drop(key)
      const bytes = key.length + picture.base64.length + ENTRY_BYTES
      if (bytes > maxBytes) return
      for (const oldest of entries.keys()) {
        if (held + bytes <= maxBytes) break
        drop(oldest)
      }
      entries.set(key, { picture, bytes, expiry: clock.after(keptMs, () => drop(key)) })
      held += bytes
    },
  }
}
