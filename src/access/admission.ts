/** Shares the slots for turns among tenants, chat before jobs, and refuses a turn whose wait would be too long. */
import {
  GatewayError,
  isTalker,
  overloaded,
  retryAfterSeconds,
  type Clock,
  type TurnEngine,
  type TurnRequest,
} from '../core/index.ts'
import { movingAverage, onAbort } from '../lib/index.ts'
import { expectedWaitMs } from './expected-wait.ts'
import {
  IDLE,
  JOBS_TENANT,
  keyOf,
  runningOf,
  step,
  waitingRequests,
  type Schedule,
  type SlotKind,
  type SlotLimits,
} from './scheduler.ts'
import { unlessHeldUp } from './unless-held-up.ts'

/** A slot that is taken; disposing of it (once or more) releases it. */
export interface Slot extends Disposable {}

export interface SlotRequest {
  readonly tenant: string
  readonly kind: SlotKind
  /** The longest wait that makes sense; absent, there is none. */
  readonly patienceMs?: number
}

export interface Admission {
  /** Slots that are taken, requests that wait, all slots. */
  readonly active: number
  readonly queued: number
  readonly capacity: number
  /** The same of jobs and tool agents' turns, which have at most a share of the slots. */
  readonly background: { readonly active: number; readonly capacity: number }
  /**
   * Takes a slot, at once or when it is this tenant's turn.
   * @throws GatewayError `queue_full` when too many requests wait; `overloaded` when the wait is, or is expected to be,
   * longer than `patienceMs`; the signal's reason when it aborts.
   */
  enter(request: SlotRequest & { readonly signal: AbortSignal }): Promise<Slot>
  /** The error that `enter` would throw at once; `undefined` where it would not. */
  refusalOf(request: SlotRequest): GatewayError | undefined
  readonly jobs: {
    /** Takes a slot for a job. Waiting for it takes nothing from the queue of requests. */
    enter(options: { readonly signal: AbortSignal }): Promise<Slot>
    /** The refusal of a job for which the queue in the store is full. */
    refusal(): GatewayError
  }
}

export interface AdmissionOptions extends SlotLimits {
  readonly clock: Clock
}

/** The options are read each time, so that a getter among them may change. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { clock, capacity, background } = options
  let schedule: Schedule = IDLE
  let lastId = 0
  /** Moving averages, of all turns of a kind and of those of each tenant. */
  const heldMs: Partial<Record<SlotKind, number>> = {}
  const ownHeldMs = new Map<string, number>()
  const waiting = new Map<number, (slot: Slot) => void>()

  function take(outcome: ReturnType<typeof step>): void {
    schedule = outcome.next
    for (const { type, id } of outcome.effects) if (type === 'admit') waiting.get(id)?.(slotOf(id))
  }

  const leave = (id: number): void => take(step(schedule, { type: 'left', id }, options))

  function slotOf(id: number): Slot {
    const { kind, tenant } = schedule.running.find((ticket) => ticket.id === id) ?? { kind: 'chat', tenant: '' }
    const sinceMs = clock.nowMs()
    let isHeld = true
    return {
      [Symbol.dispose]() {
        if (!isHeld) return
        isHeld = false
        const ms = clock.nowMs() - sinceMs
        heldMs[kind] = movingAverage(heldMs[kind] ?? ms, ms)
        const own = keyOf({ tenant, kind })
        ownHeldMs.set(own, movingAverage(ownHeldMs.get(own) ?? ms, ms))
        leave(id)
      },
    }
  }

  const waitMs = (request: SlotRequest): number =>
    expectedWaitMs(schedule, request, { limits: options, heldMs, ownHeldMs: ownHeldMs.get(keyOf(request)) })

  const queueFull = (code: 'queue_full' | 'job_queue_full', request: SlotRequest): GatewayError =>
    new GatewayError(code, 'The server is busy and its queue is full. Try again later.', {
      retryAfterSeconds: retryAfterSeconds(waitMs(request)),
    })

  function arrive(request: SlotRequest): {
    readonly id: number
    readonly outcome: ReturnType<typeof step>
    readonly refusal?: GatewayError
  } {
    const { tenant, kind, patienceMs = Infinity } = request
    const id = ++lastId
    const outcome = step(schedule, { type: 'arrived', ticket: { id, tenant, kind } }, options)
    const [effect] = outcome.effects
    if (effect?.type === 'refuse') return { id, outcome, refusal: queueFull('queue_full', request) }
    const beyondMs = effect === undefined ? waitMs(request) - patienceMs : 0
    return beyondMs > 0 ? { id, outcome, refusal: overloaded(beyondMs) } : { id, outcome }
  }

  const admission: Admission = {
    get active() {
      return schedule.running.length
    },
    get queued() {
      return waitingRequests(schedule).length
    },
    capacity,
    get background() {
      return { active: runningOf(schedule, 'background'), capacity: background }
    },
    refusalOf: (request) => arrive(request).refusal,
    async enter({ signal, ...request }) {
      signal.throwIfAborted()
      const { id, outcome, refusal } = arrive(request)
      if (refusal !== undefined) throw refusal
      const given = Promise.withResolvers<Slot>()
      const giveUp = (reason: unknown): void => {
        if (!waiting.delete(id)) return
        leave(id)
        given.reject(reason)
      }
      waiting.set(id, (slot) => {
        waiting.delete(id)
        given.resolve(slot)
      })
      take(outcome)
      const late = (): void => giveUp(overloaded(waitMs(request)))
      using _late = request.patienceMs === undefined ? undefined : clock.after(request.patienceMs, late)
      using _left = onAbort(signal, () => giveUp(signal.reason))
      return await given.promise
    },
    jobs: {
      enter: ({ signal }) => admission.enter({ ...JOBS, signal }),
      refusal: () => queueFull('job_queue_full', JOBS),
    },
  }
  return admission
}

const JOBS: SlotRequest = { tenant: JOBS_TENANT, kind: 'background' }

/** A caller waits as long for a slot as for the first token; one who waits for a whole run, as long as that may take. */
export const slotRequestOf = ({ tenant, agent, limits }: TurnRequest): SlotRequest => ({
  tenant,
  kind: isTalker(agent) ? 'chat' : 'background',
  patienceMs: limits.firstTokenMs ?? limits.turnMs,
})

/**
 * The engine behind the admission: a turn starts, and its time counts, from when it has a slot. A turn that its reader holds
 * up past its limit is ended and its slot is free.
 */
export const admitted = (
  engine: TurnEngine,
  { admission, clock }: { readonly admission: Admission; readonly clock: Clock },
): TurnEngine => ({
  async *run(request, { signal }) {
    using slot = await admission.enter({ ...slotRequestOf(request), signal })
    const { watch, limits } = request
    watch?.admitted()
    const events = unlessHeldUp(engine.run(request, { signal }), {
      limitMs: limits.turnMs,
      clock,
      ended: () => slot[Symbol.dispose](),
    })
    for await (const event of events) {
      watch?.event(event)
      yield event
    }
  },
})
