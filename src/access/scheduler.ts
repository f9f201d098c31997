/** Which turn gets a free slot. Pure: nothing here holds a clock or a promise. */
import { isQueueFull } from '../core/index.ts'

/** A chat agent's turn, for which somebody waits live; or a job or a tool agent's turn, which may take minutes. */
export type SlotKind = 'chat' | 'background'

/** A turn that wants a slot, waits for one or has one. */
export interface Ticket {
  readonly id: number
  readonly tenant: string
  readonly kind: SlotKind
}

/** Stands for all jobs: they wait in the store, and which tenant's job is next is known once there is a slot. */
export const JOBS_TENANT = '(jobs)'

export interface SlotLimits {
  /** All slots. */
  readonly capacity: number
  /** The most of them for background turns. */
  readonly background: number
  /** How many requests may wait before each tenant is held to its equal share. */
  readonly maxWaiting: number
  /** Whether the last free slot of a kind is kept for a tenant that has no turn of that kind under way. */
  readonly keepsOne: boolean
}

export interface Schedule {
  readonly running: readonly Ticket[]
  /** In the order in which they came. */
  readonly waiting: readonly Ticket[]
  /** The number of the newest slot that a tenant got for turns of a kind, from 1 up. */
  readonly lastServed: ReadonlyMap<string, number>
  readonly served: number
}

export const IDLE: Schedule = { running: [], waiting: [], lastServed: new Map(), served: 0 }

export type Input =
  | { readonly type: 'arrived'; readonly ticket: Ticket }
  /** A turn gives up its slot or its wait. */
  | { readonly type: 'left'; readonly id: number }

export type Effect = { readonly type: 'admit' | 'refuse'; readonly id: number }

/** Names a tenant's turns of a kind. */
export const keyOf = ({ tenant, kind }: Omit<Ticket, 'id'>): string => `${kind} ${tenant}`

const countOf = (tickets: readonly Ticket[], { tenant, kind }: Omit<Ticket, 'id'>): number =>
  tickets.filter((one) => one.tenant === tenant && one.kind === kind).length

export const runningOf = ({ running }: Schedule, kind: SlotKind): number =>
  running.filter((one) => one.kind === kind).length

/** The requests that wait; jobs wait in the store. */
export const waitingRequests = ({ waiting }: Schedule): readonly Ticket[] =>
  waiting.filter(({ tenant }) => tenant !== JOBS_TENANT)

function fits(schedule: Schedule, ticket: Ticket, { capacity, background, keepsOne }: SlotLimits): boolean {
  const free = capacity - schedule.running.length
  // Jobs of all tenants are one ticket tenant; the store shares their slots.
  const isAnother = keepsOne && ticket.tenant !== JOBS_TENANT && countOf(schedule.running, ticket) > 0
  if (ticket.kind === 'background') {
    const share = background - runningOf(schedule, 'background')
    return free > 0 && share > (isAnother && background > 1 ? 1 : 0)
  }
  return free > (isAnother && capacity > 1 ? 1 : 0)
}

/**
 * Chat goes first. Of one kind the tenant with the fewest turns under way goes first, then the one that was served least
 * recently, then the one that came first; of one tenant the oldest.
 */
function next(schedule: Schedule, limits: SlotLimits): Ticket | undefined {
  const rank = (ticket: Ticket): readonly number[] => [
    ticket.kind === 'chat' ? 0 : 1,
    countOf(schedule.running, ticket),
    schedule.lastServed.get(keyOf(ticket)) ?? 0,
  ]
  const seen = new Set<string>()
  let best: { readonly ticket: Ticket; readonly rank: readonly number[] } | undefined
  for (const ticket of schedule.waiting) {
    if (seen.has(keyOf(ticket))) continue
    seen.add(keyOf(ticket))
    if (!fits(schedule, ticket, limits)) continue
    const own = rank(ticket)
    if (best === undefined || isBefore(own, best.rank)) best = { ticket, rank: own }
  }
  return best?.ticket
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const differing = a.findIndex((value, index) => value !== b[index])
  return differing >= 0 && (a[differing] ?? 0) < (b[differing] ?? 0)
}

function isFull(schedule: Schedule, { tenant }: Ticket, { maxWaiting }: SlotLimits): boolean {
  if (tenant === JOBS_TENANT) return false
  const queued = new Map<string, number>()
  for (const one of waitingRequests(schedule)) queued.set(one.tenant, (queued.get(one.tenant) ?? 0) + 1)
  return isQueueFull(queued, tenant, maxWaiting)
}

/** What comes of an event. A ticket that arrives is admitted, refused, or waits. */
export function step(
  schedule: Schedule,
  input: Input,
  limits: SlotLimits,
): { readonly next: Schedule; readonly effects: readonly Effect[] } {
  if (input.type === 'left') {
    const isOther = ({ id }: Ticket): boolean => id !== input.id
    const { running, waiting } = schedule
    return admitAll({ ...schedule, running: running.filter(isOther), waiting: waiting.filter(isOther) }, limits)
  }
  const { ticket } = input
  const after = admitAll({ ...schedule, waiting: [...schedule.waiting, ticket] }, limits)
  const isAdmitted = after.effects.some(({ id }) => id === ticket.id)
  if (isAdmitted || !isFull(schedule, ticket, limits)) return after
  return { next: schedule, effects: [{ type: 'refuse', id: ticket.id }] }
}

function admitAll(from: Schedule, limits: SlotLimits): ReturnType<typeof step> {
  const effects: Effect[] = []
  let schedule = from
  for (let ticket = next(schedule, limits); ticket !== undefined; ticket = next(schedule, limits)) {
    const { id } = ticket
    const served = schedule.served + 1
    schedule = {
      running: [...schedule.running, ticket],
      waiting: schedule.waiting.filter((one) => one.id !== id),
      lastServed: new Map([...schedule.lastServed, [keyOf(ticket), served]]),
      served,
    }
    effects.push({ type: 'admit', id })
  }
  return { next: schedule, effects }
}
