/**
 * Whether a queue that tenants share takes no more from one of them; `queued` counts what each has in it. Up to `max` it
 * takes all; beyond, only from a tenant with less than an equal share of `max`, so that one tenant cannot fill it for the
 * others. N tenants have at most `max` (1 + 1/2 + … + 1/N) in it.
 */
export function isQueueFull(queued: ReadonlyMap<string, number>, tenant: string, max: number): boolean {
  const all = [...queued.values()].reduce((sum, count) => sum + count, 0)
  const tenants = queued.size + (queued.has(tenant) ? 0 : 1)
  return all >= max && (queued.get(tenant) ?? 0) >= Math.ceil(max / tenants)
}
