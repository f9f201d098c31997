/** The processes that are kept: owns every one of them, gives them out, takes them back, starts and retires them. */
import {
  GatewayError,
  overloaded,
  type Clock,
  type Observer,
  type PoolFigures,
  type RetireCause,
  type StopCause,
} from '../../core/index.ts'
import { movingAverage, onAbort } from '../../lib/index.ts'
import type { StartTimes } from '../start-times.ts'
import type { Abilities } from './abilities.ts'
import type { Alignment } from './align.ts'
import { assign } from './assign.ts'
import {
  expectedWaitMs,
  grow,
  roomIn,
  STARTS_WORTH_A_WAIT,
  worthStarting,
  type Unserved,
  type Candidate,
  type PoolLimits,
} from './plan.ts'
import type { Lease, LeaseRequest, Outcome, Pool } from './lease.ts'
import type { WarmProcess } from './warm-process.ts'

/** Whether a process may serve a tenant, now or once it is free. */
const isOf = (tenant: string, process: WarmProcess): boolean =>
  process.tenant === undefined || process.tenant === tenant

const SWEEP_EVERY_MS = 5000
const MAX_AGE_MS = 6 * 3_600_000
const MAX_TURNS = 2000
const MAX_PROCESS_MB = 400
const STOP_GRACE_MS = 2000
/** How long spares are missing before others are started. */
const REFILL_AFTER_MS = 1000
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 30_000
/** What a start is taken to take until one has succeeded. */
const GUESSED_START_MS = 500
/** What a process is taken to need before its memory was looked at. */
const UNKNOWN_MB = 120

export interface PoolOptions {
  readonly abilities: Abilities
  readonly limits: PoolLimits
  /** Whether there are several tenants: one process that nobody has used is kept for a tenant that has none. */
  readonly keepsOne: boolean
  /** Starts a process that is ready for its first lease. @throws GatewayError `overloaded` when it is not in time. */
  readonly start: (options: { readonly model: string; readonly signal: AbortSignal }) => Promise<WarmProcess>
  /** What starts take, kept up to date by `start`. */
  readonly startTimes: StartTimes
  /** What a process is started with that nobody asked for yet. */
  readonly model: string
  /** How long a process may take to come to rest after a turn. */
  readonly settleMs: number
  readonly clock: Clock
  readonly observer: Observer
}

interface Member {
  readonly process: WarmProcess
  state: 'idle' | 'recovering' | 'busy'
  sinceMs: number
  memoryMb: number
  /** The caller's name for what it holds. */
  conversation: string | undefined
}

interface Waiter extends Omit<LeaseRequest, 'signal'> {
  readonly sinceMs: number
  readonly given: PromiseWithResolvers<Lease>
}

export function createPool(options: PoolOptions): Pool {
  const { abilities, limits, keepsOne, start, startTimes, model, settleMs, clock, observer } = options
  const members = new Map<number, Member>()
  const waiters = new Set<Waiter>()
  /** What goes on without anybody waiting for it: starts, recoveries, ends. */
  const work = new Set<Promise<void>>()
  const closing = new AbortController()
  let lastId = 0
  /** When the starts that are under way began. */
  const starts = new Set<{ readonly sinceMs: number }>()
  /** What a turn takes, until it is known. */
  let turnMs = 2000
  /** When tenants were served, in the order of numbers. */
  const lastServed = new Map<string, number>()
  let served = 0
  let failures = 0
  let pausedUntilMs = 0
  /** The spares were all there once. */
  let filled = false
  let sweeping: Disposable | undefined
  let refilling: { readonly sinceMs: number; readonly timer: Disposable } | undefined
  let reported = ''
  const warmedUp = Promise.withResolvers<void>()
  /** No process is left of a pool that gives none out any more. */
  const emptied = Promise.withResolvers<void>()
  /** Why processes are ended as they become free. */
  let leaving: StopCause = 'shutdown'

  const figures = (): PoolFigures => {
    const all = [...members.values()]
    const idle = all.filter(({ state }) => state === 'idle')
    return {
      size: all.length,
      busy: all.length - idle.length,
      idle: idle.length,
      spares: idle.filter(({ process: { tenant } }) => tenant === undefined).length,
      starting: starts.size,
      waiting: waiters.size,
    }
  }

  function report(): void {
    const now = figures()
    const key = JSON.stringify(now)
    if (key === reported) return
    reported = key
    observer.observe({ type: 'pool-changed', ...now })
  }

  function track(what: string, doing: Promise<void>): void {
    const settled = doing.catch((error: unknown) => observer.observe({ type: 'cleanup-failed', what, error }))
    work.add(settled)
    void settled.then(() => work.delete(settled))
  }

  const candidates = (): Candidate[] =>
    [...members].flatMap(([id, { process, state, sinceMs, conversation }]) =>
      state === 'busy'
        ? []
        : [{ id, tenant: process.tenant, state, held: process.held, conversation, idleMs: clock.nowMs() - sinceMs }],
    )

  function remove(id: number, cause: StopCause, { idle }: { readonly idle: boolean }): void {
    const member = members.get(id)
    if (!members.delete(id) || member === undefined) return
    if (closing.signal.aborted && members.size === 0) emptied.resolve()
    track('process', member.process.stop(cause, idle ? { graceMs: STOP_GRACE_MS } : {}))
  }

  /** Why a process that has come to rest should not be used again. */
  function causeToRetire({ process, memoryMb }: Member): RetireCause | undefined {
    if (process.turns >= MAX_TURNS) return 'turns'
    if (clock.nowMs() - process.startedAtMs >= MAX_AGE_MS) return 'age'
    return memoryMb > MAX_PROCESS_MB ? 'memory' : undefined
  }

  async function recover(id: number, member: Member, { said, whole }: Outcome): Promise<void> {
    try {
      await member.process.settle({ said, whole, ms: settleMs })
    } catch (error) {
      if (closing.signal.aborted) return
      observer.observe({ type: 'process-doubted', pid: member.process.pid, error })
      remove(id, 'doubt', { idle: false })
      return pump()
    }
    // Looked at before anybody is given it again: requests may never cease.
    const cause = causeToRetire(member)
    if (cause !== undefined) {
      remove(id, cause, { idle: true })
      return pump()
    }
    member.state = 'idle'
    pump()
    member.memoryMb = (await member.process.memoryMb()) ?? UNKNOWN_MB
    if (causeToRetire(member) === 'memory' && member.state === 'idle') remove(id, 'memory', { idle: true })
    pump()
  }

  function give({ tenant, conversation, sinceMs, given }: Waiter, id: number, alignment: Alignment): void {
    const member = members.get(id)
    if (member === undefined) return
    member.state = 'busy'
    member.sinceMs = clock.nowMs()
    member.process.tenant = tenant
    lastServed.set(tenant, ++served)
    member.conversation = conversation
    let held = true
    given.resolve({
      process: member.process,
      alignment,
      waitedMs: clock.nowMs() - sinceMs,
      release(outcome) {
        if (!held) return
        held = false
        turnMs = movingAverage(turnMs, clock.nowMs() - member.sinceMs)
        member.sinceMs = clock.nowMs()
        if (outcome.lost !== undefined || closing.signal.aborted) {
          remove(id, outcome.lost ?? leaving, { idle: false })
          return pump()
        }
        member.state = 'recovering'
        track('recovery', recover(id, member, outcome))
      },
    })
  }

  async function add(wanted: string): Promise<void> {
    const under = { sinceMs: clock.nowMs() }
    starts.add(under)
    try {
      const process = await start({ model: wanted, signal: closing.signal })
      starts.delete(under)
      failures = 0
      pausedUntilMs = 0
      if (closing.signal.aborted) return await process.stop(leaving)
      const id = ++lastId
      members.set(id, { process, state: 'idle', sinceMs: clock.nowMs(), memoryMb: UNKNOWN_MB, conversation: undefined })
      // One that ends by itself is not there any longer; whoever uses it sees that for himself.
      void process.exit.then(() => {
        if (!members.delete(id)) return
        if (closing.signal.aborted && members.size === 0) emptied.resolve()
        pump()
      })
    } catch (error) {
      starts.delete(under)
      if (closing.signal.aborted) return
      observer.observe({ type: 'process-start-failed', error })
      warmedUp.resolve()
      // A slow machine is not a broken CLI: it is tried again at once, with more time, and those who wait go on waiting.
      if (error instanceof GatewayError && error.code === 'overloaded') return pump()
      pausedUntilMs = clock.nowMs() + Math.min(FIRST_RETRY_MS * 2 ** failures++, LAST_RETRY_MS)
      // Those whom no process that is there could serve are told at once, as a turn without a pool would be.
      for (const waiter of waiters) {
        if ([...members.values()].some(({ state, process }) => state !== 'idle' && isOf(waiter.tenant, process)))
          continue
        waiters.delete(waiter)
        waiter.given.reject(error)
      }
    }
    warmedUp.resolve()
    pump()
  }

  /**
   * Whether spares have been missing for some time. In a burst of short turns they come back by themselves, while starting
   * others would take the processors from the turns.
   */
  function isShort(missing: boolean): boolean {
    filled ||= figures().spares >= limits.spares
    if (!missing) {
      refilling?.timer[Symbol.dispose]()
      refilling = undefined
      return false
    }
    if (!filled || members.size + starts.size === 0) return true
    refilling ??= { sinceMs: clock.nowMs(), timer: clock.after(REFILL_AFTER_MS, pump) }
    return clock.nowMs() - refilling.sinceMs >= REFILL_AFTER_MS
  }

  const startMs = (): number => startTimes.averageMs ?? GUESSED_START_MS

  function roomLeft(): number {
    const usedMb = [...members.values()].reduce((sum, { memoryMb }) => sum + memoryMb, starts.size * UNKNOWN_MB)
    return roomIn(limits, members.size + starts.size, usedMb)
  }

  function assigned(): ReturnType<typeof assign<Waiter>> {
    return assign(
      [...waiters],
      {
        free: candidates(),
        leased: [...members.values()].flatMap(({ state, process }) => (state === 'busy' ? [process] : [])),
        room: roomLeft(),
        starting: starts.size,
        lastServed,
      },
      { abilities, keepsOne },
    )
  }

  const unservedOf = ({ tenant, sinceMs }: Waiter): Unserved => ({
    tenant,
    waitedMs: clock.nowMs() - sinceMs,
    busy: [...members.values()].filter(({ state, process }) => state !== 'idle' && isOf(tenant, process)).length,
  })

  /** How long one that waits is likely to wait on. */
  function waitMsOf(waiter: Waiter): number {
    const { unserved } = assigned()
    const oldestMs = Math.min(...[...starts].map(({ sinceMs }) => sinceMs))
    return expectedWaitMs(unserved.map(unservedOf), unserved.indexOf(waiter), {
      turnMs,
      startMs: startTimes.averageMs,
      startedMs: starts.size === 0 ? 0 : clock.nowMs() - oldestMs,
      startsAtOnce: limits.startsAtOnce,
      mayStart: starts.size > 0 || roomLeft() > 0,
    })
  }

  /** Gives out what is free, then brings the pool to its size. Called after every change. */
  function pump(): void {
    if (closing.signal.aborted) return
    const { given, unserved, makeWay } = assigned()
    for (const { waiter, candidate, alignment } of given) {
      // One that is about to be free is waited for: nobody else gets it meanwhile.
      if (candidate.state === 'recovering') continue
      waiters.delete(waiter)
      give(waiter, candidate.id, alignment)
    }
    const all = [...members]
    const idle = all.filter(([, { state }]) => state === 'idle')
    const state = {
      idle: idle.map(([id, { process, sinceMs, memoryMb }]) => ({
        id,
        tenant: process.tenant,
        idleMs: clock.nowMs() - sinceMs,
        memoryMb,
        makesWay: makeWay.has(id),
      })),
      busy: all.length - idle.length,
      starting: starts.size,
      waiting: worthStarting(unserved.map(unservedOf), { turnMs, startMs: startMs() }),
      otherMb: all.reduce((sum, [, { state, memoryMb }]) => (state === 'idle' ? sum : sum + memoryMb), 0),
    }
    const { start: wanted, retire } = grow(state, limits)
    const { start: urgent } = grow(state, { ...limits, spares: 0 })
    const toStart = isShort(wanted > urgent && unserved.length === 0) ? wanted : urgent
    for (const { id, cause } of retire) remove(id, cause, { idle: true })
    // After a failure the next start waits, unless a request has nobody else to wait for: it is told what is wrong.
    const allowed = (unserved.length > 0 && all.length === 0) || clock.nowMs() >= pausedUntilMs ? toStart : 0
    for (let count = 0; count < allowed; count++) {
      // Those before it in the line have theirs being started.
      track('start', add(unserved[starts.size]?.wanted.model ?? model))
    }
    report()
  }

  function sweep(): void {
    pump()
    if (!closing.signal.aborted) sweeping = clock.after(SWEEP_EVERY_MS, sweep)
  }

  function stopGiving(reason: Error): void {
    closing.abort(reason)
    sweeping?.[Symbol.dispose]()
    refilling?.timer[Symbol.dispose]()
    for (const waiter of waiters) waiter.given.reject(reason)
    waiters.clear()
    warmedUp.resolve()
  }

  sweep()
  if (limits.spares === 0) warmedUp.resolve()
  return {
    get figures() {
      return figures()
    },
    warmedUp: warmedUp.promise,
    async lease({ signal, ...request }) {
      signal.throwIfAborted()
      closing.signal.throwIfAborted()
      const waiter: Waiter = { ...request, sinceMs: clock.nowMs(), given: Promise.withResolvers() }
      waiters.add(waiter)
      const giveUp = (reason: unknown): void => {
        if (!waiters.delete(waiter)) return
        waiter.given.reject(reason)
        pump()
      }
      // Looked at again when the wait itself is long enough to be worth a start.
      using _worth = clock.after(STARTS_WORTH_A_WAIT * startMs(), pump)
      using _left = onAbort(signal, () => giveUp(signal.reason))
      pump()
      const { patienceMs } = request
      if (patienceMs === undefined || !waiters.has(waiter)) return await waiter.given.promise
      const beyondMs = waitMsOf(waiter) - patienceMs
      if (beyondMs > 0) giveUp(overloaded(beyondMs))
      using _late = clock.after(patienceMs, () => giveUp(overloaded(waitMsOf(waiter))))
      return await waiter.given.promise
    },
    async drain(reason) {
      leaving = 'replaced'
      stopGiving(reason)
      for (const [id, { state }] of members) if (state !== 'busy') remove(id, leaving, { idle: state === 'idle' })
      if (members.size > 0) await emptied.promise
      while (work.size > 0) await Promise.all(work)
    },
    async close() {
      stopGiving(new GatewayError('shutting_down', 'The server is stopping. Try again shortly.'))
      for (const [id, { state }] of members) remove(id, 'shutdown', { idle: state === 'idle' })
      while (work.size > 0) await Promise.all(work)
    },
  }
}
