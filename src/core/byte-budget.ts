/** Memory that tenants share, counted in bytes of what they send. */
export interface ByteBudget {
  /** A part of it, empty at first; disposing of the part (once or more) gives all of it back. */
  open(tenant: string): ByteShare
}

export interface ByteShare extends Disposable {
  /** Takes so many more. @returns whether it could; nothing is taken if there is no room, or the share is disposed of. */
  take(bytes: number): boolean
}

/**
 * Up to `most` the budget gives all that is asked for; beyond, only to a tenant that stays within an equal share of `most`, so
 * that no tenant can use it up for the others. N tenants hold at most `most` (1 + 1/2 + … + 1/N).
 */
export function createByteBudget({ most }: { readonly most: number }): ByteBudget {
  const heldBy = new Map<string, number>()
  let all = 0

  function add(tenant: string, bytes: number): void {
    const held = (heldBy.get(tenant) ?? 0) + bytes
    if (held > 0) heldBy.set(tenant, held)
    else heldBy.delete(tenant)
    all += bytes
  }

  return {
    open(tenant) {
      let taken = 0
      let isOpen = true
      return {
        take(bytes) {
          // Nobody would give it back.
          if (!isOpen) return false
          const tenants = heldBy.size + (heldBy.has(tenant) ? 0 : 1)
          const own = (heldBy.get(tenant) ?? 0) + bytes
          if (all + bytes > most && own > most / tenants) return false
          taken += bytes
          add(tenant, bytes)
          return true
        },
        [Symbol.dispose]() {
          if (taken > 0) add(tenant, -taken)
          taken = 0
          isOpen = false
        },
      }
    },
  }
}
