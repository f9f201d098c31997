import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  IDLE,
  JOBS_TENANT,
  runningOf,
  step,
  waitingRequests,
  type Effect,
  type Schedule,
  type SlotLimits,
  type Ticket,
} from './scheduler.ts'

const limits: SlotLimits = { capacity: 4, background: 2, maxWaiting: 100, keepsOne: false }

/** Lets tickets come and leave, by name: `chat a` comes, `-1` leaves; resolves to those that were admitted, in order. */
function play(events: readonly string[], changed: Partial<SlotLimits> = {}) {
  let schedule: Schedule = IDLE
  let id = 0
  const names = new Map<number, string>()
  const admitted: string[] = []
  const refused: string[] = []
  for (const event of events) {
    const [what = '', tenant = ''] = event.split(' ')
    if (!event.startsWith('-')) names.set(++id, `${what} ${tenant} ${id}`)
    const { next, effects } = step(
      schedule,
      event.startsWith('-')
        ? { type: 'left', id: -Number(event) }
        : { type: 'arrived', ticket: { id, tenant, kind: what === 'chat' ? 'chat' : 'background' } },
      { ...limits, ...changed },
    )
    schedule = next
    for (const { type, id: whose } of effects) (type === 'admit' ? admitted : refused).push(names.get(whose) ?? '')
  }
  return { admitted, refused, schedule }
}

test('[AD4] a slot goes to the tenant with the fewest turns under way, then to the one that was served least recently', () => {
  const busy = ['chat a', 'chat a', 'chat a', 'chat b']
  const waiting = ['chat a', 'chat b', 'chat c', 'chat c', 'chat b', 'chat c']
  const { admitted } = play([...busy, ...waiting, '-1', '-2', '-4', '-3'])
  // c has none; then each has one, and a was served least recently; then b has none; then it is c's turn.
  expect(admitted.slice(4)).toEqual(['chat c 7', 'chat a 5', 'chat b 6', 'chat c 8'])
})

test('[AD5] background turns take at most their share, and leave the rest to chat', () => {
  const { admitted, schedule } = play([
    'job a',
    'tool b',
    'job a',
    'chat a',
    'chat a',
    'chat a',
    '-1',
    '-4',
    '-5',
    '-2',
  ])
  expect(admitted).toEqual(['job a 1', 'tool b 2', 'chat a 4', 'chat a 5', 'chat a 6', 'job a 3'])
  expect(runningOf(schedule, 'background')).toBe(1)
})

test('[AD6] chat goes first, whoever came first, also with a single slot', () => {
  const { admitted } = play(['job a', 'job a', 'chat a', 'chat b', '-1', '-3', '-4'], { capacity: 1, background: 1 })
  expect(admitted).toEqual(['job a 1', 'chat a 3', 'chat b 4', 'job a 2'])
})

test('[AD7] with several tenants the last free slot is kept for a tenant that has no chat turn under way', () => {
  const loud = Array.from({ length: 5 }, () => 'chat loud')
  const { admitted, schedule } = play([...loud, 'chat quiet', '-6', '-1'], { keepsOne: true })
  expect(admitted).toEqual(['chat loud 1', 'chat loud 2', 'chat loud 3', 'chat quiet 6', 'chat loud 4'])
  expect(schedule.running).toHaveLength(3)
  expect(play(['chat loud', 'chat loud'], { keepsOne: true, capacity: 1 }).admitted).toEqual(['chat loud 1'])
})

test('[AD13] with several tenants the last slot of tool agents is kept for a tenant that has none of them', () => {
  const limited = { capacity: 6, background: 3, keepsOne: true }
  const { admitted } = play(['tool loud', 'tool loud', 'tool loud', 'tool quiet', '-4', '-1'], limited)
  expect(admitted).toEqual(['tool loud 1', 'tool loud 2', 'tool quiet 4', 'tool loud 3'])
  expect(play(['tool loud', 'tool loud'], { ...limited, background: 1 }).admitted).toEqual(['tool loud 1'])
  expect(
    play(
      Array.from({ length: 3 }, () => `job ${JOBS_TENANT}`),
      limited,
    ).admitted,
  ).toHaveLength(3)
})

test('[AD8] a tenant that fills the queue leaves the others their share of it, and jobs take nothing from it', () => {
  const full = { capacity: 1, maxWaiting: 4 }
  const loud = Array.from({ length: 6 }, () => 'chat loud')
  const jobs = ['job', 'job', 'job'].map((name) => `${name} ${JOBS_TENANT}`)
  const { refused, schedule } = play([...loud, ...jobs, ...Array.from({ length: 3 }, () => 'chat quiet')], full)
  expect(refused).toEqual(['chat loud 6', 'chat quiet 12'])
  expect(waitingRequests(schedule)).toHaveLength(6)
})

const TENANTS = ['a', 'b', 'c', JOBS_TENANT]

const anyEvents = fc.array(
  fc.record({
    what: fc.constantFrom('chat', 'background', 'leave'),
    tenant: fc.constantFrom(...TENANTS),
    who: fc.nat(20),
  }),
  { minLength: 5, maxLength: 80 },
)
const anyLimits = fc
  .record({ capacity: fc.integer({ min: 1, max: 6 }), maxWaiting: fc.nat(6), keepsOne: fc.boolean(), share: fc.nat(5) })
  .map(({ capacity, share, ...rest }): SlotLimits => ({ ...rest, capacity, background: 1 + (share % capacity) }))

const sameKind =
  ({ tenant, kind }: Ticket) =>
  (one: Ticket): boolean =>
    one.tenant === tenant && one.kind === kind

/** Plays anything, and calls `look` with each step. */
function playAny(
  events: readonly { readonly what: string; readonly tenant: string; readonly who: number }[],
  given: SlotLimits,
  look: (before: Schedule, after: Schedule, effects: readonly Effect[], arrived: Ticket | undefined) => void,
): void {
  let schedule: Schedule = IDLE
  let id = 0
  for (const { what, tenant, who } of events) {
    const all = [...schedule.running, ...schedule.waiting]
    const left = all[who % Math.max(1, all.length)]
    if (what === 'leave' && left === undefined) continue
    const kind = what === 'background' || tenant === JOBS_TENANT ? 'background' : 'chat'
    const arrived: Ticket | undefined = what === 'leave' ? undefined : { id: ++id, tenant, kind }
    const input =
      arrived === undefined
        ? ({ type: 'left', id: left?.id ?? 0 } as const)
        : ({ type: 'arrived', ticket: arrived } as const)
    const { next, effects } = step(schedule, input, given)
    look(schedule, next, effects, arrived)
    schedule = next
  }
}

test('[AD1] [AD5] [AD6] [AD7] whatever happens, limits hold and no slot is free that a waiting turn may have', () => {
  fc.assert(
    fc.property(anyEvents, anyLimits, (events, given) => {
      playAny(events, given, (before, after, effects, arrived) => {
        const { running, waiting } = after
        expect(running.length).toBeLessThanOrEqual(given.capacity)
        expect(runningOf(after, 'background')).toBeLessThanOrEqual(given.background)
        expect(new Set([...running, ...waiting].map(({ id }) => id)).size).toBe(running.length + waiting.length)
        const free = given.capacity - running.length
        for (const ticket of waiting) {
          const isAnother = given.keepsOne && ticket.tenant !== JOBS_TENANT && running.some(sameKind(ticket))
          if (ticket.kind === 'chat') expect(free).toBeLessThanOrEqual(isAnother && given.capacity > 1 ? 1 : 0)
          else {
            const share = given.background - runningOf(after, 'background')
            expect(free === 0 || share <= (isAnother && given.background > 1 ? 1 : 0)).toBe(true)
          }
        }
        // Nobody is lost: each who came is admitted, waits or is refused.
        const refused = effects.filter(({ type }) => type === 'refuse')
        const count = ({ running: r, waiting: w }: Schedule): number => r.length + w.length
        expect(count(after)).toBe(count(before) + (arrived === undefined ? -1 : 1 - refused.length))
        if (arrived?.tenant === JOBS_TENANT) expect(refused).toEqual([])
      })
    }),
    { seed: 11, numRuns: 300 },
  )
})

test('[AD8] whatever happens, the queue stays within what all tenants’ shares come to', () => {
  fc.assert(
    fc.property(anyEvents, anyLimits, (events, given) => {
      playAny(events, given, (before, after, effects) => {
        const most = Math.max(given.maxWaiting, 1) * (1 + 1 / 2 + 1 / 3) + 3
        expect(waitingRequests(after).length).toBeLessThanOrEqual(most)
        if (effects.some(({ type }) => type === 'refuse'))
          expect(waitingRequests(before).length).toBeGreaterThanOrEqual(given.maxWaiting)
      })
    }),
    { seed: 12, numRuns: 300 },
  )
})

test('[AD4] whatever happens, a chat turn of a tenant with none at all is passed by one turn of each other tenant at most', () => {
  fc.assert(
    fc.property(anyEvents, anyLimits, (events, given) => {
      /** The waiting turns that are watched, and who has passed them. */
      const watched = new Map<number, { readonly tenant: string; readonly passedBy: string[] }>()
      playAny(events, given, (before, after, effects, arrived) => {
        if (arrived?.kind === 'chat' && ![...before.running, ...before.waiting].some(sameKind(arrived)))
          watched.set(arrived.id, { tenant: arrived.tenant, passedBy: [] })
        for (const { type, id } of effects) {
          watched.delete(id)
          const ticket = after.running.find((one) => one.id === id)
          if (type !== 'admit' || ticket === undefined) continue
          // A background turn passes only while no chat turn may have the slot, and none waits for one that is kept.
          if (ticket.kind === 'background') continue
          for (const { passedBy } of watched.values()) passedBy.push(ticket.tenant)
        }
        for (const id of watched.keys()) if (!after.waiting.some((one) => one.id === id)) watched.delete(id)
        for (const { tenant, passedBy } of watched.values()) {
          expect(new Set(passedBy).size).toBe(passedBy.length)
          expect(passedBy).not.toContain(tenant)
        }
      })
    }),
    { seed: 13, numRuns: 300 },
  )
})
