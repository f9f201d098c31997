/** How long a turn that comes now would wait for a slot. Pure. */
import { runningOf, type Schedule, type SlotKind, type SlotLimits, type Ticket } from './scheduler.ts'

/** How long turns of either kind hold their slots on average, as far as that is known. */
export type HeldMs = Readonly<Partial<Record<SlotKind, number>>>

/** The waiting turns that are served first: the tenant's own, and of each other tenant as many and one more. */
function turnsAhead({ waiting }: Schedule, { tenant, kind }: Omit<Ticket, 'id'>): number {
  const counts = new Map<string, number>()
  for (const one of waiting) if (one.kind === kind) counts.set(one.tenant, (counts.get(one.tenant) ?? 0) + 1)
  const own = counts.get(tenant) ?? 0
  counts.delete(tenant)
  return [...counts.values()].reduce((sum, count) => sum + Math.min(count, own + 1), own)
}

/** A slot that a tenant's turn gives back is the tenant's again: with one turn fewer the tenant is next. */
function ownWaitMs({ running, waiting }: Schedule, { tenant, kind }: Omit<Ticket, 'id'>, ownHeldMs: number): number {
  const own = (tickets: readonly Ticket[]): number =>
    tickets.filter((one) => one.tenant === tenant && one.kind === kind).length
  return own(running) === 0 ? Infinity : (ownHeldMs * (own(waiting) + 1)) / own(running)
}

/**
 * 0 where nothing is known yet of how long slots are held. `ownHeldMs` is how long the tenant's own turns hold theirs, where that is
 * known: another tenant's slow turns do not make it wait longer than for its own.
 */
export function expectedWaitMs(
  schedule: Schedule,
  ticket: Omit<Ticket, 'id'>,
  {
    limits,
    heldMs,
    ownHeldMs = Infinity,
  }: { readonly limits: SlotLimits; readonly heldMs: HeldMs; readonly ownHeldMs?: number | undefined },
): number {
  const background = runningOf(schedule, 'background')
  const slots = ticket.kind === 'background' ? limits.background : limits.capacity - background
  const kept = ticket.kind === 'chat' && limits.keepsOne ? 1 : 0
  // Background turns hold every slot: the next one to end makes way.
  const firstMs = slots > 0 ? 0 : (heldMs.background ?? 0) / background
  const turns = turnsAhead(schedule, ticket) + (slots > 0 ? 1 : 0)
  const amongAllMs = firstMs + ((heldMs[ticket.kind] ?? 0) * turns) / Math.max(slots - kept, 1)
  return Math.min(amongAllMs, ownWaitMs(schedule, ticket, ownHeldMs))
}
