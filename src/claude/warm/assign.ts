/** Which waiting request gets which process, and which processes make way for a tenant that has less. Pure. */
import type { Abilities } from './abilities.ts'
import type { Wanted } from './align.ts'
import { choose, type Candidate, type Choice } from './plan.ts'
import { countByTenant, inTurn, makesWay } from './share.ts'

export interface Waiting {
  readonly tenant: string
  readonly conversation?: string | undefined
  readonly wanted: Wanted
}

/** The pool as it is. */
export interface Members {
  /** The processes that are not leased. */
  readonly free: readonly Candidate[]
  /** Those that are. */
  readonly leased: readonly { readonly tenant: string | undefined }[]
  /** How many more there may be, and how many of these are being started. */
  readonly room: number
  readonly starting: number
  readonly lastServed: ReadonlyMap<string, number>
}

export interface Assignment<T> {
  readonly given: readonly (Choice & { readonly waiter: T })[]
  /** Those who wait on, in turn. */
  readonly unserved: readonly T[]
  /** The free processes that may be ended for those who wait. */
  readonly makeWay: ReadonlySet<number>
}

/** `keepsOne`: the last process that nobody has used, in a full pool, is kept for a tenant that has none. */
export function assign<T extends Waiting>(
  waiters: readonly T[],
  { free, leased, room, starting, lastServed }: Members,
  { abilities, keepsOne }: { readonly abilities: Abilities; readonly keepsOne: boolean },
): Assignment<T> {
  const owned = new Map(countByTenant([...free, ...leased]))
  const busy = countByTenant([...leased, ...free.filter(({ state }) => state === 'recovering')])
  const order = inTurn(waiters, { busy, lastServed })
  const left = [...free]
  const given: (Choice & { readonly waiter: T; readonly place: number })[] = []
  const unserved: { readonly waiter: T; readonly place: number }[] = []
  for (const [place, waiter] of order.entries()) {
    const unused = left.filter(({ tenant }) => tenant === undefined)
    const isKept = keepsOne && room <= 0 && unused.length === 1 && (owned.get(waiter.tenant) ?? 0) > 0
    const choice = choose(isKept ? left.filter((one) => !unused.includes(one)) : left, waiter, abilities)
    if (choice === undefined) {
      unserved.push({ waiter, place })
      continue
    }
    left.splice(left.indexOf(choice.candidate), 1)
    given.push({ ...choice, waiter, place })
  }

  /** One process less for its tenant, one more for the one that waits. */
  const makeWay = new Set<number>()
  const pass = ({ id, tenant }: Candidate, to: string): void => {
    makeWay.add(id)
    if (tenant !== undefined) owned.set(tenant, (owned.get(tenant) ?? 1) - 1)
    owned.set(to, (owned.get(to) ?? 0) + 1)
  }
  let coming = starting + Math.max(0, room)
  const heldBack: typeof unserved = []
  for (const { waiter, place } of unserved) {
    if (coming-- > 0) continue
    const { tenant } = waiter
    const idle = left
      .filter((one) => !makeWay.has(one.id) && makesWay(one, tenant, owned))
      .toSorted((a, b) => b.idleMs - a.idleMs)[0]
    if (idle !== undefined) {
      pass(idle, tenant)
      continue
    }
    // Its own tenant wants it now, but has more than the one that is first in turn.
    const last = given.findLastIndex(
      ({ candidate, place: later }) =>
        later > place && candidate.tenant !== tenant && makesWay({ ...candidate, idleMs: 0 }, tenant, owned),
    )
    const [held] = last < 0 ? [] : given.splice(last, 1)
    if (held === undefined) continue
    pass(held.candidate, tenant)
    heldBack.push(held)
  }
  return {
    given,
    unserved: [...unserved, ...heldBack].toSorted((a, b) => a.place - b.place).map(({ waiter }) => waiter),
    makeWay,
  }
}
