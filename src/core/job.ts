export type JobStatus = 'queued' | 'running' | 'completed' | 'failed' | 'timeout' | 'error'

/** A background run of a doer. Times are milliseconds since the epoch. */
export interface Job {
  readonly id: string
  readonly tenant: string
  readonly agent: string
  readonly prompt: string
  readonly model: string
  readonly budgetUsd: number
  readonly timeoutMs: number
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAtMs: number
  readonly startedAtMs?: number
  readonly finishedAtMs?: number
  readonly status: JobStatus
  /** What the agent answered. */
  readonly output?: string
  /** Why there is no answer, for the caller. */
  readonly error?: string
  readonly exitCode?: number
  readonly costUsd?: number
}

/** No further change is to come. */
export const isTerminal = ({ status }: Job): boolean =>
  status === 'completed' || status === 'failed' || status === 'timeout' || status === 'error'
