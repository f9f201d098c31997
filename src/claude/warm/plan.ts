/** Which process serves a request, how many are started, which are retired. Pure. */
import type { RetireCause } from '../../core/index.ts'
import type { Abilities } from './abilities.ts'
import { align, replayCost, type Alignment, type Held, type Wanted } from './align.ts'
import { LIKELY_WANTED_MS } from './share.ts'

/** A process as the plan sees it; `recovering` becomes idle within moments, holding about what it holds here. */
export interface Candidate {
  readonly id: number
  /** Absent while nobody has used it. */
  readonly tenant: string | undefined
  readonly state: 'idle' | 'recovering'
  readonly held: Held
  /** The caller's name for the conversation that it holds, where it has one. */
  readonly conversation?: string | undefined
  /** How long nobody has used it. */
  readonly idleMs: number
}

/** The first turn of a process is slower than later ones. */
const YOUNG_COST = 15
const RECOVERING_COST = 20
/** What others lose when this process is used: the conversation that it holds, unless it is the one that goes on. */
const lossOf = ({ held, idleMs }: Candidate, { kept }: Alignment, abilities: Abilities): number =>
  kept > 0 || held.rows.length === 0 || idleMs > LIKELY_WANTED_MS ? 0 : replayCost(held.rows, abilities) / 2

/** Also one whose history was rewritten so that nothing of it is left. */
const goesOn = (candidate: Candidate, conversation: string | undefined): boolean =>
  conversation !== undefined && candidate.conversation === conversation

export interface Choice {
  readonly candidate: Candidate
  readonly alignment: Alignment
}

/** The process that can serve at the least cost; never one that another tenant has used. */
export function choose(
  candidates: readonly Candidate[],
  {
    tenant,
    conversation,
    wanted,
  }: { readonly tenant: string; readonly conversation?: string | undefined; readonly wanted: Wanted },
  abilities: Abilities,
): Choice | undefined {
  let best: (Choice & { readonly cost: number }) | undefined
  for (const candidate of candidates) {
    if (candidate.tenant !== undefined && candidate.tenant !== tenant) continue
    const alignment = align(candidate.held, wanted, abilities)
    if (alignment === undefined) continue
    const cost =
      alignment.cost +
      (goesOn(candidate, conversation) ? 0 : lossOf(candidate, alignment, abilities)) +
      (candidate.tenant === undefined ? YOUNG_COST : 0) +
      (candidate.state === 'recovering' ? RECOVERING_COST : 0)
    if (best === undefined || cost < best.cost) best = { candidate, alignment, cost }
  }
  return best
}

/** A request that no free process can serve. */
export interface Unserved {
  readonly tenant: string
  readonly waitedMs: number
  /** How many of the busy processes may serve it once they are free. */
  readonly busy: number
}

/**
 * A start is worth it where the wait would be as long as so many starts: it takes as much of a processor as ten turns do,
 * from those who are being served, and its first turns are slow.
 */
export const STARTS_WORTH_A_WAIT = 2

/**
 * How many of those who wait, longest first, are better served by a process that is started than by one that becomes free.
 * `turnMs` and `startMs` are what a turn and a start take on average.
 */
export function worthStarting(
  unserved: readonly Unserved[],
  { turnMs, startMs }: { readonly turnMs: number; readonly startMs: number },
): number {
  const longMs = STARTS_WORTH_A_WAIT * startMs
  return unserved.filter(({ waitedMs, busy }, place) => waitedMs >= longMs || (place + 1) * turnMs >= busy * longMs)
    .length
}

/**
 * How long a request waits on, of those who wait, in turn: for a process of its tenant that becomes free, or for one that is
 * started, whichever is sooner. 0 where nothing is known of it. `startedMs`: how long the oldest start has been under way.
 */
export function expectedWaitMs(
  unserved: readonly Unserved[],
  place: number,
  {
    turnMs,
    startMs,
    startedMs,
    startsAtOnce,
    mayStart,
  }: {
    readonly turnMs: number
    readonly startMs: number | undefined
    readonly startedMs: number
    readonly startsAtOnce: number
    /** Whether there is room for one more. */
    readonly mayStart: boolean
  },
): number {
  const own = unserved[place]
  if (own === undefined || startMs === undefined) return 0
  const rounds = Math.ceil((place + 1) / startsAtOnce)
  const startedInMs = Math.max(0, rounds * startMs - startedMs)
  if (own.busy === 0) return startedInMs
  const before = unserved.slice(0, place).filter(({ tenant }) => tenant === own.tenant).length
  const freeInMs = ((before + 1) * turnMs) / own.busy
  return mayStart ? Math.min(startedInMs, freeInMs) : freeInMs
}

export interface PoolLimits {
  readonly max: number
  /** How many processes that nobody has used are kept ready. */
  readonly spares: number
  /** One that was used is as ready for whoever comes as one that was not: there is one tenant, and it can be made to hold anything. */
  readonly reusable: boolean
  readonly memoryMb: number
  /** Starting takes a whole core for a third of a second. */
  readonly startsAtOnce: number
}

/** How long a process beyond the spares is kept without being used. */
export const MAX_IDLE_MS = 600_000
/** What a process takes at first, of memory that it shares with no other. */
const NEW_PROCESS_MB = 120

export interface Idle {
  readonly id: number
  readonly tenant: string | undefined
  readonly idleMs: number
  readonly memoryMb: number
  /** Whether it may be ended for those who wait. */
  readonly makesWay: boolean
}

export interface Growth {
  readonly start: number
  readonly retire: readonly { readonly id: number; readonly cause: RetireCause }[]
}

/** How many more processes there may be beside so many that take so much memory. */
export const roomIn = (
  { max, memoryMb }: Pick<PoolLimits, 'max' | 'memoryMb'>,
  count: number,
  countMb: number,
): number => Math.min(max - count, Math.floor((memoryMb - countMb) / NEW_PROCESS_MB))

/**
 * How the pool should change. `waiting` requests can be served by no process that is there; `otherMb` is the memory of the
 * processes that are not idle.
 */
export function grow(
  {
    idle,
    busy,
    starting,
    waiting,
    otherMb,
  }: {
    readonly idle: readonly Idle[]
    readonly busy: number
    readonly starting: number
    readonly waiting: number
    readonly otherMb: number
  },
  { max, spares, reusable, memoryMb, startsAtOnce }: PoolLimits,
): Growth {
  const retire: { id: number; cause: RetireCause }[] = []
  const longestIdleFirst = idle.toSorted((a, b) => b.idleMs - a.idleMs)
  const isRetired = (id: number): boolean => retire.some((one) => one.id === id)
  const left = (): readonly Idle[] => longestIdleFirst.filter(({ id }) => !isRetired(id))
  const used = (): number => left().reduce((sum, one) => sum + one.memoryMb, otherMb) + starting * NEW_PROCESS_MB
  const size = (): number => left().length + busy + starting
  const roomFor = (kept: number, keptMb: number): number => roomIn({ max, memoryMb }, kept, keptMb)
  const room = (): number => roomFor(size(), used())
  const retireOne = (cause: RetireCause, from = left()): boolean => {
    const [longest] = from
    if (longest === undefined) return false
    retire.push({ id: longest.id, cause })
    return true
  }

  const unusedSpares = longestIdleFirst.filter(({ tenant }) => tenant === undefined)
  const surplusSpares = unusedSpares.slice(0, Math.max(0, unusedSpares.length - spares))
  for (const one of longestIdleFirst)
    if (one.idleMs > MAX_IDLE_MS && (one.tenant !== undefined || surplusSpares.includes(one)))
      retire.push({ id: one.id, cause: 'idle' })
  // Whatever the budget, one process is had: without any nobody is served.
  while (used() > memoryMb && size() > 1 && retireOne('memory'));
  // Only as many make room as there can then be started.
  const short = Math.max(0, Math.min(waiting, startsAtOnce) - starting)
  const most = roomFor(busy + starting, otherMb + starting * NEW_PROCESS_MB)
  if (short > 0) {
    const yielding = (): readonly Idle[] => left().filter(({ makesWay }) => makesWay)
    while (room() < Math.min(short, most) && retireOne('surplus', yielding()));
  }

  const ready = left().filter(({ tenant }) => reusable || tenant === undefined).length + Math.max(0, starting - waiting)
  const wanted = short + Math.max(0, spares - ready)
  const possible = Math.max(room(), size() === 0 ? 1 : 0)
  return { start: Math.max(0, Math.min(wanted, possible, startsAtOnce - starting)), retire }
}
