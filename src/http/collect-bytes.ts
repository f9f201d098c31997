/** Bytes as they arrive. Their memory is their own, so that it may be given to another thread. */
export type Pieces = readonly Uint8Array<ArrayBuffer>[]

export interface Collected {
  add(chunk: Uint8Array): void
  readonly pieces: Pieces
}

const MIN_PIECE_BYTES = 4096
const MAX_PIECE_BYTES = 1024 * 1024

/** Copies each chunk when it arrives: joining a large body at its end would take long at once. */
export function collectBytes(): Collected {
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let last = new Uint8Array(0)
  let used = 0
  let all = 0

  function close(): void {
    if (used > 0) pieces.push(last.subarray(0, used))
    used = 0
  }

  return {
    add(chunk) {
      for (let from = 0; from < chunk.length;) {
        if (used === last.length) {
          close()
          // As much as all before it: a body must not hold much more memory than the bytes that are counted.
          last = new Uint8Array(Math.min(Math.max(all, MIN_PIECE_BYTES), MAX_PIECE_BYTES))
        }
        const part = chunk.subarray(from, from + last.length - used)
        last.set(part, used)
        used += part.length
        all += part.length
        from += part.length
      }
    },
    get pieces() {
      return used === 0 ? pieces : [...pieces, last.subarray(0, used)]
    },
  }
}
