/** A pool over processes in the test's hand: they start, come to rest and end when the test says so. */
import type { Exit } from '../../src/claude/process/index.ts'
import type { Turn } from '../../src/claude/protocol/index.ts'
import { createStartTimes } from '../../src/claude/start-times.ts'
import type { Abilities } from '../../src/claude/warm/abilities.ts'
import type { Held, Wanted } from '../../src/claude/warm/align.ts'
import type { PoolLimits } from '../../src/claude/warm/plan.ts'
import type { Lease, Outcome, Pool } from '../../src/claude/warm/lease.ts'
import { createPool } from '../../src/claude/warm/pool.ts'
import { DEFAULT_SETTINGS, freshHeld } from '../../src/claude/warm/start.ts'
import { ProcessLostError } from '../../src/claude/warm/dialogue.ts'
import type { WarmProcess } from '../../src/claude/warm/warm-process.ts'
import type { Clock, StopCause } from '../../src/core/index.ts'
import { onAbort } from '../../src/lib/index.ts'
import { ABLE } from './histories.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { createRecordingObserver, type RecordingObserver } from './recording-observer.ts'

/** What `pool.ts` uses of a process. */
type PooledProcess = Pick<
  WarmProcess,
  'pid' | 'exit' | 'held' | 'tenant' | 'turns' | 'startedAtMs' | 'memoryMb' | 'settle' | 'stop'
>

export interface FakeProcess {
  /** Counts from 1, in the order in which they were started. */
  readonly number: number
  readonly process: WarmProcess & { tenant: string | undefined; turns: number }
  held: Held
  mb: number | undefined
  /** The causes for which it was told to end, each with its grace. */
  readonly stops: readonly { readonly cause: StopCause; readonly graceMs?: number | undefined }[]
  /** What it was to come to rest with, each time. */
  readonly settles: readonly { readonly said: string; readonly whole: boolean; readonly ms: number }[]
  /** It has come to rest; until then it recovers. */
  rested(): void
  /** It cannot be brought to rest. */
  doubted(): void
  /** It ends by itself. */
  die(): void
  /** How it ends once told: at once, unless the test says otherwise. */
  endsWhen(promise: Promise<void>): void
}

export interface OpenPool {
  readonly pool: Pool
  readonly clock: ManualClock
  readonly observer: RecordingObserver
  readonly processes: readonly FakeProcess[]
  /** The starts that are still to come to something. */
  readonly starts: readonly Start[]
  /** Lets the oldest start come to something. */
  started(): Promise<FakeProcess>
  startFailed(error: unknown): Promise<void>
  lease(options?: LeaseOptions): Promise<Lease>
  /** The process that a lease is for. */
  of(lease: Lease): FakeProcess
  /** Gives it back and lets it come to rest, holding what it was asked and told. */
  finish(lease: Lease, outcome?: Partial<Outcome>): Promise<void>
}

interface Start {
  readonly model: string
  readonly signal: AbortSignal
  readonly given: PromiseWithResolvers<WarmProcess>
}

export interface LeaseOptions {
  readonly tenant?: string
  readonly conversation?: string
  readonly signal?: AbortSignal
  readonly turns?: readonly Turn[]
  readonly system?: string
  readonly model?: string
  readonly patienceMs?: number
}

export const wantedOf = ({ turns = [], system = 'S', model = 'sonnet' }: LeaseOptions = {}): Wanted => ({
  system,
  model,
  settings: DEFAULT_SETTINGS,
  turns,
  functions: [],
  ask: { role: 'user', text: 'and then?' },
})

export const WHOLE: Outcome = { said: 'yes', whole: true }

function createFakeProcess(number: number, clock: Clock, held: Held): FakeProcess {
  const exit = Promise.withResolvers<Exit>()
  const stops: { readonly cause: StopCause; readonly graceMs?: number | undefined }[] = []
  const settles: { readonly said: string; readonly whole: boolean; readonly ms: number }[] = []
  let resting: PromiseWithResolvers<void> | undefined
  let ending = Promise.resolve()
  let gone = false
  const lost = (): ProcessLostError => new ProcessLostError('it has ended')
  const process: PooledProcess = {
    pid: 1000 + number,
    exit: exit.promise,
    get held() {
      return fake.held
    },
    tenant: undefined,
    turns: 0,
    startedAtMs: clock.nowMs(),
    memoryMb: async () => fake.mb,
    async settle(options) {
      settles.push(options)
      if (gone) throw lost()
      resting = Promise.withResolvers()
      await resting.promise
    },
    async stop(cause, { graceMs } = {}) {
      stops.push({ cause, graceMs })
      gone = true
      resting?.reject(lost())
      await ending
      exit.resolve({ cause, code: 0, signal: null })
    },
  }
  const fake: FakeProcess = {
    number,
    process: process as WarmProcess,
    held,
    mb: 150,
    stops,
    settles,
    rested: () => resting?.resolve(),
    doubted: () => resting?.reject(new ProcessLostError('it refused a request')),
    die() {
      gone = true
      resting?.reject(lost())
      exit.resolve({ cause: 'exited', code: 1, signal: null })
    },
    endsWhen(promise) {
      ending = promise
    },
  }
  return fake
}

export interface OpenPoolOptions {
  readonly limits?: Partial<PoolLimits>
  readonly abilities?: Partial<Abilities>
  readonly keepsOne?: boolean
}

/** Keeps as many spares as the test says, none unless it does. */
export function openPool({ limits, abilities: some, keepsOne = false }: OpenPoolOptions = {}): OpenPool {
  const abilities = { ...ABLE, ...some }
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const processes: FakeProcess[] = []
  const starts: Start[] = []
  const startTimes = createStartTimes({ leastMs: 30_000 })
  async function startOne(model: string, signal: AbortSignal): Promise<WarmProcess> {
    const start: Start = { model, signal, given: Promise.withResolvers() }
    starts.push(start)
    using _left = onAbort(signal, () => start.given.reject(signal.reason))
    try {
      return await start.given.promise
    } finally {
      starts.splice(starts.indexOf(start), 1)
    }
  }
  const pool = createPool({
    abilities,
    limits: { max: 4, spares: 0, reusable: false, memoryMb: 10_000, startsAtOnce: 2, ...limits },
    model: 'sonnet',
    start: ({ model, signal }) => startTimes.measure(clock, () => startOne(model, signal)),
    settleMs: 1000,
    keepsOne,
    startTimes,
    clock,
    observer,
  })

  const oldest = (): Start => {
    const [start] = starts
    if (start === undefined) throw new Error('nothing is being started')
    return start
  }
  const of = ({ process }: Lease): FakeProcess => {
    const fake = processes.find((one) => one.process === process)
    if (fake === undefined) throw new Error('a lease is for a process that was started')
    return fake
  }

  return {
    pool,
    clock,
    observer,
    processes,
    starts,
    async started() {
      const { model, given } = oldest()
      const fake = createFakeProcess(processes.length + 1, clock, freshHeld({ model, abilities }))
      processes.push(fake)
      given.resolve(fake.process)
      await clock.advance(0)
      return fake
    },
    async startFailed(error) {
      oldest().given.reject(error)
      await clock.advance(0)
    },
    lease: async ({ tenant = 'a', conversation, patienceMs, signal = new AbortController().signal, ...wanted } = {}) =>
      await pool.lease({ tenant, conversation, patienceMs, wanted: wantedOf(wanted), signal }),
    of,
    async finish(lease, outcome = {}) {
      lease.release({ ...WHOLE, ...outcome })
      of(lease).rested()
      await clock.advance(0)
    },
  }
}

/** What a process holds after a conversation of so many questions about something. */
export const talk = (about: string, pairs = 1): readonly Turn[] =>
  Array.from({ length: pairs }, (_, index): readonly Turn[] => [
    { role: 'user', text: `${about} ${index}` },
    { role: 'assistant', text: `so ${index}` },
  ]).flat()

export const holding = (turns: readonly Turn[], { system = 'S' }: { readonly system?: string } = {}): Held => ({
  system,
  model: 'sonnet',
  settings: DEFAULT_SETTINGS,
  functions: [],
  rows: turns.map((turn, index) => (turn.role === 'user' ? { ...turn, uuid: `u${index}` } : turn)),
})
