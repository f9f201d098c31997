import type { ErrorCode } from './error.ts'
import type { JobStatus } from './job.ts'

/** Why a CLI process was stopped, or `exited` when it ended by itself. */
export type StopCause = 'cancelled' | 'deadline' | 'shutdown' | 'done' | 'exited'

/** What happens inside, for logs and figures. No event holds what a caller or the model said. */
export type Observation =
  | {
      readonly type: 'request-finished'
      readonly requestId: string
      readonly method: string
      readonly path: string
      readonly status: number
      readonly ms: number
      readonly left: boolean
    }
  | { readonly type: 'request-failed'; readonly requestId: string; readonly code: ErrorCode; readonly error: Error }
  | { readonly type: 'request-retried'; readonly requestId: string; readonly retryOf: string }
  | { readonly type: 'parameters-ignored'; readonly requestId: string; readonly names: readonly string[] }
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
  | { readonly type: 'job-changed'; readonly jobId: string; readonly status: JobStatus }
  | { readonly type: 'job-failed'; readonly jobId: string; readonly code: ErrorCode; readonly error: Error }
  | { readonly type: 'cleanup-failed'; readonly what: string; readonly error: unknown }

/** Takes observations; never throws and never waits. */
export interface Observer {
  observe(observation: Observation): void
}
