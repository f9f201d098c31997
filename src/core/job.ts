import type { Commit, PushedBranch } from './changes.ts'
import type { ErrorCode } from './error.ts'
import type { Usage } from './usage.ts'

export const JOB_STATUSES = ['queued', 'running', 'completed', 'failed', 'timeout', 'error', 'cancelled'] as const

export type JobStatus = (typeof JOB_STATUSES)[number]

/** What is asked for. */
export interface JobOrder {
  readonly tenant: string
  readonly agent: string
  readonly prompt: string
  readonly model: string
  readonly budgetUsd: number
  readonly timeoutMs: number
  /** The text of a JSON object, byte for byte as it was sent. */
  readonly metadata: string
  /** The higher one is run first; 0 where the caller does not say. */
  readonly priority: number
  /** The same key with the same order is the same job. */
  readonly idempotencyKey?: string
  /** Of the request as it was sent: a default that has changed since makes no other order of it. */
  readonly requestDigest?: string
  /** Where the outcome is told. */
  readonly callbackUrl?: string
  /** The branch that the work is pushed to. */
  readonly pushTo?: string
}

/** A background run of a doer. Times are milliseconds since the epoch. */
export interface Job extends JobOrder {
  readonly id: string
  readonly status: JobStatus
  /** How often it was begun; what an attempt writes carries its number, so that one that was given up is not heard. */
  readonly attempt: number
  /** How many attempts came to nothing. */
  readonly failures: number
  readonly createdAtMs: number
  /** Of the newest attempt. */
  readonly startedAtMs?: number
  readonly finishedAtMs?: number
  /** What the agent answered. */
  readonly output?: string
  /** Why there is no answer, for the caller. */
  readonly error?: string
  readonly errorCode?: ErrorCode
  readonly exitCode?: number
  readonly costUsd?: number
  readonly usage?: Usage
  /** Those that the agent made, oldest first. */
  readonly commits?: readonly Commit[]
  readonly pushed?: PushedBranch
  /** Whether there is a patch to be had. */
  readonly hasPatch: boolean
}

/** A job without what may be large. */
export type JobSummary = Omit<Job, 'prompt' | 'output'>

/** What an attempt ends with: an outcome, after which no further change is to come. */
export type JobOutcome = Pick<
  Job,
  'output' | 'error' | 'errorCode' | 'exitCode' | 'costUsd' | 'usage' | 'commits' | 'pushed'
> & {
  readonly status: Exclude<JobStatus, 'queued' | 'running' | 'cancelled'>
  /** The bytes of `git diff --binary`. */
  readonly patch?: Uint8Array
}

/** What happens to a job, as it is told to those who follow it. */
export type JobEventBody =
  | { readonly type: 'queued' }
  | { readonly type: 'started'; readonly attempt: number }
  /** What the agent says, as it comes. */
  | { readonly type: 'text'; readonly text: string }
  /** `input` is the JSON text of what the tool is given, cut where it is long. */
  | { readonly type: 'tool'; readonly name: string; readonly input: string }
  /** The attempt came to nothing and there will be another. */
  | { readonly type: 'retrying'; readonly error: string; readonly inMs: number }
  | { readonly type: 'ended'; readonly status: JobStatus }

/** `sequence` counts from 1 for each job, in the order in which it happened. */
export type JobEvent = JobEventBody & { readonly sequence: number; readonly atMs: number }

/** No further change is to come. */
export const isTerminal = ({ status }: { readonly status: JobStatus }): boolean =>
  status !== 'queued' && status !== 'running'

/** The error of a job that no server finished. */
export const lostJobError = (attempts: number): string =>
  attempts === 1
    ? 'The job was started once, and the server that ran it was lost.'
    : `The job was started ${attempts} times, and no server finished it.`
