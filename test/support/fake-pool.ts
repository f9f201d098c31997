/** A pool whose processes say what a script says, for the engine that leases them. */
import type { CliMessage, CliResult } from '../../src/claude/protocol/index.ts'
import { align, type Step, type Wanted } from '../../src/claude/warm/align.ts'
import type { Lease, LeaseRequest, Outcome, Pool } from '../../src/claude/warm/lease.ts'
import { freshHeld } from '../../src/claude/warm/start.ts'
import type { WarmProcess } from '../../src/claude/warm/warm-process.ts'
import { NO_USAGE, type StopCause } from '../../src/core/index.ts'
import { orAborted } from '../../src/lib/index.ts'
import { ABLE } from './histories.ts'

/** What happens next: a message comes, something is thrown, or something is waited for (an abort ends the wait). */
export type Heard = CliMessage | Error | (() => Promise<unknown>)

/** A wait that only an abort ends. */
export const forever = async (): Promise<never> => await new Promise<never>(() => undefined)

/** What one process does; when its messages are used up it says nothing more. */
export interface Play {
  /** What becomes of its steps. */
  readonly perform?: Error | (() => Promise<unknown>)
  readonly messages?: readonly Heard[]
  readonly stderr?: string
  /** It is free only after this. */
  readonly freeAfter?: Promise<unknown>
}

export interface PlayedLease {
  readonly tenant: string
  /** The caller's name for the conversation. */
  readonly conversation?: string | undefined
  readonly wanted: Wanted
  readonly patienceMs: number | undefined
  readonly steps: readonly Step[]
  readonly released: readonly Outcome[]
  readonly stops: readonly StopCause[]
  /** How many messages were taken. */
  readonly taken: number
}

export interface FakePool {
  readonly pool: Pool
  readonly leases: readonly PlayedLease[]
}

/** What a process takes its turn with. */
type LeasedProcess = Pick<WarmProcess, 'pid' | 'perform' | 'next' | 'stop' | 'exit' | 'stderrTail'>

/** What the pool answers a lease with: a process that plays, or an error. */
export function createFakePool(plays: readonly (Play | Error)[]): FakePool {
  const leases: PlayedLease[] = []

  function open(
    { perform, messages = [], stderr = '' }: Play,
    { tenant, conversation, wanted, patienceMs }: LeaseRequest,
  ): Lease {
    const alignment = align(freshHeld({ model: wanted.model, abilities: ABLE }), wanted, ABLE)
    if (alignment === undefined) throw new Error('a fresh process can be made to hold anything')
    const steps: Step[] = []
    const released: Outcome[] = []
    const stops: StopCause[] = []
    const played = { tenant, conversation, wanted, patienceMs, steps, released, stops, taken: 0 }
    leases.push(played)
    const process: LeasedProcess = {
      pid: 2000 + leases.length,
      stderrTail: stderr,
      exit: Promise.resolve({ cause: 'exited', code: 1, signal: null }),
      async perform(all, { signal }) {
        signal.throwIfAborted()
        steps.push(...all)
        if (perform instanceof Error) throw perform
        if (perform !== undefined) await orAborted(perform(), signal)
      },
      async next(signal) {
        for (;;) {
          signal.throwIfAborted()
          const heard = messages[played.taken++] ?? forever
          if (heard instanceof Error) throw heard
          if (typeof heard !== 'function') return heard
          await orAborted(heard(), signal)
        }
      },
      stop: async (cause) => void stops.push(cause),
    }
    return {
      process: process as WarmProcess,
      alignment,
      waitedMs: 7,
      // Given back twice is given back once.
      release: (outcome) => {
        if (released.length === 0) released.push(outcome)
      },
    }
  }

  return {
    leases,
    pool: {
      warmedUp: Promise.resolve(),
      drain: async () => undefined,
      figures: { size: 0, busy: 0, idle: 0, spares: 0, starting: 0, waiting: 0 },
      async lease(request) {
        request.signal.throwIfAborted()
        const play = plays[leases.length] ?? new Error('nobody else is leased')
        if (play instanceof Error) throw play
        await play.freeAfter
        return open(play, request)
      },
      close: async () => undefined,
    },
  }
}

export const begun: CliMessage = { type: 'answer-start', usage: { ...NO_USAGE, inputTokens: 10 } }
export const said = (text: string): CliMessage => ({ type: 'text', text })
export const ended = (stopReason: string): CliMessage => ({
  type: 'answer-end',
  stopReason,
  usage: { ...NO_USAGE, outputTokens: 4 },
})
export const resulted = (rest: Partial<CliResult> = {}): CliMessage => ({
  type: 'result',
  subtype: 'success',
  isError: false,
  text: '',
  status: undefined,
  terminalReason: undefined,
  stopReason: undefined,
  usage: { ...NO_USAGE, inputTokens: 10, outputTokens: 4 },
  costUsd: 0.25,
  structuredOutput: undefined,
  errors: [],
  ...rest,
})
export const answered = (text: string): readonly CliMessage[] => [begun, said(text), ended('end_turn'), resulted()]
/** The model calls this, by the client's name of it, and waits for what comes of it. */
export const calledOnce = (name: string, ...pieces: readonly string[]): readonly CliMessage[] => [
  { type: 'call-start', name: `mcp__0123456789ab__${name}` },
  ...pieces.map((piece): CliMessage => ({ type: 'call-delta', arguments: piece })),
  { type: 'block-end' },
]
