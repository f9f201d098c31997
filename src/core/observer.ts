import type { CliVerification, MissingCapability } from './cli-state.ts'
import type { ErrorCode } from './error.ts'
import type { JobOutcome, JobStatus } from './job.ts'
import type { TokenFigures } from './usage.ts'

/** Why a process that was kept is kept no longer. */
export type RetireCause =
  /** Not needed for a long time, or not as much as another one. */
  | 'idle'
  | 'surplus'
  /** Has lived, served or grown as much as it may. */
  | 'age'
  | 'turns'
  | 'memory'
  /** What it holds is not certain. */
  | 'doubt'
  /** Its binary was replaced, or is now known to do more; others serve in its place. */
  | 'replaced'

/** Why a CLI process was stopped, or `exited` when it ended by itself. */
export type StopCause = 'cancelled' | 'deadline' | 'shutdown' | 'done' | 'exited' | RetireCause

/** How a turn found its process: with its history, with one that was cut back or added to, without one, or not at all. */
export type HitKind = 'kept' | 'rewound' | 'replayed' | 'fresh' | 'cold'

/** What a request came to. What does not apply is absent. */
export interface RequestFigures extends Partial<TokenFigures> {
  readonly agent?: string
  readonly model?: string
  /** From the request to its slot, and to the first text, call or tool of the response. */
  readonly queuedMs?: number
  readonly firstTokenMs?: number
  /** The failure that the caller got, by status or in the stream. */
  readonly code?: ErrorCode
}

/** What happens inside, for logs and figures. No event holds what a caller or the model said. */
export type Observation =
  | ({
      readonly type: 'request-finished'
      readonly requestId: string
      readonly method: string
      readonly path: string
      readonly status: number
      readonly ms: number
      /** The client closed the connection before its response was whole. */
      readonly left: boolean
      readonly tenant?: string
      readonly clientAddress?: string
    } & RequestFigures)
  | { readonly type: 'request-failed'; readonly requestId: string; readonly code: ErrorCode; readonly error: Error }
  /** A wrong key was presented. `isLimited` marks the last one of an address that is reported for a while. */
  | {
      readonly type: 'key-refused'
      readonly requestId: string
      readonly clientAddress: string
      readonly isLimited: boolean
    }
  /** The client of a stream took nothing for the write timeout; its connection is closed. */
  | { readonly type: 'client-stalled'; readonly requestId: string; readonly ms: number }
  | { readonly type: 'request-retried'; readonly requestId: string; readonly retryOf: string }
  | { readonly type: 'parameters-ignored'; readonly requestId: string; readonly names: readonly string[] }
  /** Keys, agents, models and the log level are those of the configuration again; `restartFor` names settings that wait for a restart. */
  | {
      readonly type: 'settings-reloaded'
      readonly tenants: readonly string[]
      readonly agents: readonly string[]
      readonly restartFor: readonly string[]
    }
  /** The settings in force stay in force. */
  | { readonly type: 'settings-reload-failed'; readonly error: unknown }
  | { readonly type: 'process-started'; readonly pid: number; readonly agent: string; readonly model: string }
  | {
      readonly type: 'process-ended'
      readonly pid: number
      readonly cause: StopCause
      readonly code: number | null
      readonly signal: string | null
      readonly ms: number
      readonly stoppingMs?: number
    }
  | { readonly type: 'line-ignored'; readonly problem: string }
  | {
      readonly type: 'turn-aligned'
      /** Absent where the turn starts a process of its own. */
      readonly pid?: number
      readonly kind: HitKind
      /** The names of the steps, in order. */
      readonly steps: readonly string[]
      /** From the request to the question, and the part of it in which a process was waited for. */
      readonly ms: number
      readonly waitedMs: number
    }
  /** What a process holds is not certain; it is retired. */
  | { readonly type: 'process-doubted'; readonly pid: number; readonly error: unknown }
  /** A process that was to be kept could not be started. */
  | { readonly type: 'process-start-failed'; readonly error: unknown }
  | { readonly type: 'turn-interrupted'; readonly pid: number; readonly ms: number; readonly recovered: boolean }
  | ({ readonly type: 'pool-changed' } & PoolFigures)
  | { readonly type: 'store-opened'; readonly home: 'pglite' | 'postgres'; readonly ms: number }
  /** The store, or a connection to it, broke; it is opened anew when it is needed. */
  | { readonly type: 'store-failed'; readonly error: Error }
  | { readonly type: 'job-changed'; readonly jobId: string; readonly status: JobStatus }
  /** A run of a job has ended, its workspace too; tokens are those of one that completed. */
  | ({
      readonly type: 'job-run-finished'
      readonly jobId: string
      readonly tenant: string
      readonly agent: string
      readonly model: string
      readonly attempt: number
      readonly outcome: JobOutcome['status'] | 'stopped'
      readonly ms: number
      readonly code?: ErrorCode
    } & Partial<TokenFigures>)
  | { readonly type: 'job-failed'; readonly jobId: string; readonly code: ErrorCode; readonly error: Error }
  /** What is done over and over with the store of jobs did not succeed; it is tried again. */
  | { readonly type: 'job-store-failed'; readonly what: string; readonly jobId?: string; readonly error: unknown }
  | { readonly type: 'callback-sent'; readonly jobId: string; readonly status: number }
  | {
      readonly type: 'callback-failed'
      readonly jobId: string
      readonly problem: string
      readonly isGivenUp: boolean
      readonly error?: unknown
    }
  /** The sandbox was shown to hold; `limits`: how much of the machine a run may use, in words. */
  | { readonly type: 'sandbox-ready'; readonly version: string; readonly limits: string }
  /** Agents for which there is no sandbox, or none that holds, and why: they are refused, or run nevertheless. */
  | {
      readonly type: 'sandbox-missing'
      readonly agents: readonly string[]
      readonly refused: boolean
      readonly problem: string
    }
  | { readonly type: 'cleanup-failed'; readonly what: string; readonly error: unknown }
  /** The CLI is verified; nothing of it is served before that is finished. */
  | ({ readonly type: 'cli-verification-started' } & Pick<CliVerification, 'reason' | 'path'>)
  /** It goes on: repeated every few seconds, for whoever waits. `step` says what is checked just now. */
  | {
      readonly type: 'cli-verification-continues'
      readonly attempt: number
      readonly ms: number
      readonly step: string
    }
  /** An attempt decided nothing, because of a timeout for example; another one follows, with longer limits. */
  | {
      readonly type: 'cli-verification-retried'
      /** The one that follows. */
      readonly attempt: number
      readonly ms: number
      readonly problem: string
    }
  | {
      readonly type: 'cli-verification-finished'
      readonly outcome: 'verified' | 'refused'
      readonly attempts: number
      readonly ms: number
      readonly path: string
      readonly version?: string
      readonly problem?: string
    }
  /** What the CLI that is served can do; `missing` is empty where it can do everything. */
  | {
      readonly type: 'cli-capabilities-found'
      readonly path: string
      readonly version: string
      readonly missing: readonly MissingCapability[]
    }
  /** What was found later of the CLI that is served is not used, since text was not shown to be inert with it. */
  | { readonly type: 'cli-capabilities-refused'; readonly problem: string }
  /** What the CLI can do is found out again at the next start. */
  | { readonly type: 'cli-capabilities-not-kept'; readonly path: string; readonly error: unknown }
  /** The binary is not the one that was verified any more; the one in its place is verified before it serves. */
  | { readonly type: 'cli-replaced'; readonly path: string; readonly version: string }

/** The processes that are kept. */
export interface PoolFigures {
  readonly size: number
  readonly busy: number
  /** Free, among them `spares` that no tenant has used. */
  readonly idle: number
  readonly spares: number
  readonly starting: number
  /** Requests that wait for a process. */
  readonly waiting: number
}

/** Takes observations; never throws and never waits. */
export interface Observer {
  observe(observation: Observation): void
}
