/** How tenants share the processes, each of which is one tenant's for life. Pure. */

/** A process that is idle or about to be; those that nobody has used have no tenant. */
interface Owned {
  readonly tenant: string | undefined
}

/** How many there are of each tenant. */
export function countByTenant(all: readonly Owned[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { tenant } of all) if (tenant !== undefined) counts.set(tenant, (counts.get(tenant) ?? 0) + 1)
  return counts
}

/**
 * Those who wait in the order in which they are served: the tenant with the fewest busy processes first, then the one that
 * was served least recently, then the one that came first; of one tenant the oldest.
 */
export function inTurn<T extends { readonly tenant: string }>(
  waiters: readonly T[],
  {
    busy,
    lastServed,
  }: { readonly busy: ReadonlyMap<string, number>; readonly lastServed: ReadonlyMap<string, number> },
): readonly T[] {
  const counts = new Map(busy)
  const served = new Map(lastServed)
  const lines = new Map<string, T[]>()
  for (const waiter of waiters) lines.set(waiter.tenant, [...(lines.get(waiter.tenant) ?? []), waiter])
  const ordered: T[] = []
  let turn = Math.max(0, ...served.values())
  while (lines.size > 0) {
    const [[tenant, line] = ['', []]] = [...lines].toSorted(
      ([a], [b]) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0) || (served.get(a) ?? 0) - (served.get(b) ?? 0),
    )
    const [first, ...rest] = line
    if (first !== undefined) ordered.push(first)
    if (rest.length === 0) lines.delete(tenant)
    else lines.set(tenant, rest)
    counts.set(tenant, (counts.get(tenant) ?? 0) + 1)
    served.set(tenant, ++turn)
  }
  return ordered
}

/** How long it is as likely as not that somebody goes on with what a process holds. */
export const LIKELY_WANTED_MS = 120_000

/**
 * Whether a process should make way for a tenant that waits: it is that tenant's own, nobody has used it for long, the tenant
 * has none at all, or both have more equal shares afterwards.
 */
export function makesWay(
  { tenant, idleMs }: Owned & { readonly idleMs: number },
  waiting: string,
  owned: ReadonlyMap<string, number>,
): boolean {
  const wanted = owned.get(waiting) ?? 0
  if (tenant === waiting || wanted === 0) return true
  // One that nobody has used is kept for a tenant that has none.
  if (tenant === undefined) return false
  return idleMs > LIKELY_WANTED_MS || (owned.get(tenant) ?? 0) - 1 >= wanted + 1
}
