/** Bytes as they arrive. Their memory is their own, so that it may be given to another thread. */
export type Pieces = readonly Uint8Array<ArrayBuffer>[]

export interface Collected {
  add(chunk: Uint8Array): void
  readonly pieces: Pieces
}

const FIRST_BYTES = 64 * 1024
const MORE_BYTES = 1024 * 1024

/** Copies each chunk when it arrives: joining a large body at its end would take long at once. */
export function collectBytes(): Collected {
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let last = new Uint8Array(0)
  let used = 0

  function close(): void {
    if (used > 0) pieces.push(last.subarray(0, used))
    used = 0
  }

  return {
    add(chunk) {
      for (let from = 0; from < chunk.length;) {
        if (used === last.length) {
          close()
          last = new Uint8Array(pieces.length === 0 ? FIRST_BYTES : MORE_BYTES)
        }
        const part = chunk.subarray(from, from + last.length - used)
        last.set(part, used)
        used += part.length
        from += part.length
      }
    },
    get pieces() {
      return used === 0 ? pieces : [...pieces, last.subarray(0, used)]
    },
  }
}
