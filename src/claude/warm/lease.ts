/** What a pool promises to those who use its processes. */
import type { PoolFigures, StopCause } from '../../core/index.ts'
import type { Alignment, Wanted } from './align.ts'
import type { WarmProcess } from './warm-process.ts'

/** How a turn left its process. */
export interface Outcome {
  /** What its transcript shall hold as the answer. */
  readonly said: string
  /** That is all that the model said. */
  readonly whole: boolean
  /** Set where the process must not be used again. */
  readonly lost?: StopCause
}

/** The right to use a process for one turn. */
export interface Lease {
  readonly process: WarmProcess
  readonly alignment: Alignment
  readonly waitedMs: number
  /** Gives it back, at once; it is brought to rest behind the caller's back. */
  release(outcome: Outcome): void
}

export interface LeaseRequest {
  readonly tenant: string
  /** The caller's name for the conversation, a hint. */
  readonly conversation?: string | undefined
  readonly wanted: Wanted
  /** The longest wait that makes sense; absent, there is none. */
  readonly patienceMs?: number | undefined
  readonly signal: AbortSignal
}

export interface Pool {
  readonly figures: PoolFigures
  /**
   * Waits for a process that is free, or for one that is started.
   * @throws GatewayError `overloaded` when the wait is, or is expected to be, longer than `patienceMs`; what starting throws;
   * the signal's reason.
   */
  lease(request: LeaseRequest): Promise<Lease>
  /** Resolves when the first process is ready, or could not be started. */
  readonly warmedUp: Promise<void>
  /**
   * Gives out no process any more: leases that wait and new ones reject with `reason`. Each process ends once it is free.
   * Resolves when none is left.
   */
  drain(reason: Error): Promise<void>
  /** Ends all of them and waits for it. */
  close(): Promise<void>
}
