/** A queue in which tenants take turns; what one tenant puts in keeps its order. */
export interface TenantQueue<T> {
  put(tenant: string, item: T): void
  take(): T | undefined
  /** Takes an item out, if it still waits. */
  remove(tenant: string, item: T): void
  /** Takes everything out. */
  clear(): readonly T[]
}

export function createTenantQueue<T>(): TenantQueue<T> {
  /** The tenant whose turn it is comes first. */
  const waiting = new Map<string, T[]>()
  return {
    put(tenant, item) {
      const items = waiting.get(tenant)
      if (items === undefined) waiting.set(tenant, [item])
      else items.push(item)
    },
    take() {
      const first = waiting.entries().next()
      if (first.done === true) return undefined
      const [tenant, items] = first.value
      const item = items.shift()
      waiting.delete(tenant)
      if (items.length > 0) waiting.set(tenant, items)
      return item
    },
    remove(tenant, item) {
      const left = (waiting.get(tenant) ?? []).filter((one) => one !== item)
      if (left.length > 0) waiting.set(tenant, left)
      else waiting.delete(tenant)
    },
    clear() {
      const all = [...waiting.values()].flat()
      waiting.clear()
      return all
    },
  }
}
