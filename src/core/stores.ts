import type { Conversation, ConversationName, ConversationSummary, ConversationTurn } from './conversation.ts'
import type { Job, JobEvent, JobEventBody, JobOrder, JobOutcome, JobStatus, JobSummary } from './job.ts'

/** A part of a list; `next` continues it where there is more. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string
}

export interface PageOptions {
  /** At least 1. */
  readonly limit: number
  /** The `next` of the page before. One that is none of ours begins the list anew. */
  readonly after?: string
}

/** The right to the next turn of a conversation. A newer one of the same conversation has a higher number. */
export interface Claim extends ConversationName {
  readonly epoch: number
}

/** Keeps conversations. What has resolved survives the process. */
export interface ConversationStore {
  get(name: ConversationName): Promise<Conversation | undefined>
  /** Those of a tenant, the one with the newest turn first. */
  list(tenant: string, options: PageOptions): Promise<Page<ConversationSummary>>
  /**
   * Takes the right to the next turn, for `leaseMs` from now; `undefined` while another holds it. One that has run out
   * may be taken by another.
   */
  claim(name: ConversationName, options: { readonly leaseMs: number }): Promise<Claim | undefined>
  /** Holds it for `leaseMs` from now; `false` when another has taken it. */
  extend(claim: Claim, options: { readonly leaseMs: number }): Promise<boolean>
  /** Adds the turn and gives the right back, both or neither; `false`, and nothing is written, when another has taken it. */
  append(claim: Claim, turn: ConversationTurn): Promise<boolean>
  /** Gives the right back; nothing happens when another has taken it. */
  release(claim: Claim): Promise<void>
  /** Removes the conversation and gives the right back; `undefined` when another has taken it, else whether there was one. */
  delete(claim: Claim): Promise<boolean | undefined>
  /** Removes those without a turn since; resolves to how many. Those of which somebody holds the right stay. */
  deleteIdle(options: { readonly updatedBeforeMs: number }): Promise<number>
}

/** A delivery of a job by the queue, to be settled with the attempt that it begins. */
export interface Delivery {
  readonly id: string
  readonly retryCount: number
}

/** A job that was begun; what it writes counts as long as it is the newest attempt and nobody has cancelled it. */
export interface Attempt {
  readonly job: Job
  readonly delivery: Delivery
}

/** Events that are written together. The id is told by who writes them, and is the same where the writing is tried again. */
export interface EventBatch {
  readonly id: string
  readonly events: readonly JobEventBody[]
}

export interface JobFilter {
  readonly status?: JobStatus
  readonly agent?: string
}

export interface Submitted {
  readonly job: Job
  /** `false` where the idempotency key named one that was there. */
  readonly created: boolean
}

export interface JobProgress {
  /** The number of its newest event. */
  readonly events: number
  /** It is terminal. */
  readonly isOver: boolean
}

export interface BeginOptions {
  readonly maxFailures: number
  readonly except?: readonly string[]
}

/** Keeps jobs, their events and their queue. What has resolved survives the process. */
export interface JobStore {
  /**
   * Stores a job and queues it, both or neither. Resolves to the job that is there where its idempotency key names one,
   * `'mismatch'` where that one's order is another, `'full'` where `maxQueued` are queued and the tenant has its share of them.
   */
  submit(id: string, order: JobOrder, options: { readonly maxQueued: number }): Promise<Submitted | 'full' | 'mismatch'>
  get(id: string): Promise<Job | undefined>
  /** Newest first. */
  list(tenant: string, filter: JobFilter, options: PageOptions): Promise<Page<JobSummary>>
  patch(id: string): Promise<Uint8Array | undefined>
  /** Those after a sequence number, in order, at most `limit`. */
  events(id: string, options: { readonly after: number; readonly limit: number }): Promise<readonly JobEvent[]>
  /** How far jobs are; those that are gone are left out. */
  progress(ids: readonly string[]): Promise<ReadonlyMap<string, JobProgress>>
  /**
   * Begins the job that is next in turn, if there is one. One that was begun before and came to no end counts as
   * failed; where it has failed `maxFailures` times it ends as `error` and the next one is looked at. Jobs of the tenants in
   * `except` are passed over.
   */
  begin(options: BeginOptions): Promise<Attempt | undefined>
  /** Says that those are still at work; resolves to those that count no longer. */
  beat(attempts: readonly Attempt[]): Promise<readonly Attempt[]>
  /** `false`, and nothing is written, when the attempt counts no longer. The same batch right again is written once. */
  append(attempt: Attempt, batch: EventBatch): Promise<boolean>
  /** Ends the job. `false`, and nothing is written, when the attempt counts no longer. */
  finish(attempt: Attempt, outcome: JobOutcome): Promise<boolean>
  /** Queues the job again, to be begun `delayMs` from now; `failed`, where the attempt is to count as one. */
  handBack(
    attempt: Attempt,
    options: { readonly delayMs: number; readonly failed?: { readonly error: string } },
  ): Promise<boolean>
  /** Resolves to the job as it stands then: one that is over stays as it is. */
  cancel(id: string): Promise<Job | undefined>
  /** Removes the terminal jobs that finished at or before `finishedBeforeMs` and of which nothing is to be told; resolves to how many. */
  deleteFinished(options: { readonly finishedBeforeMs: number }): Promise<number>
  /** The job of which an outcome is to be told next, if there is one; the same one is not handed out again before it is settled or some time has passed. */
  nextCallback(): Promise<{ readonly job: Job; readonly delivery: Delivery } | undefined>
  /** Says what became of telling it: told or given up, or to be tried again later. */
  settleCallback(delivery: Delivery, result: 'done' | 'again'): Promise<void>
}

/** What is kept; it is opened when it is first needed. */
export interface Stores {
  readonly conversations: ConversationStore
  readonly jobs: JobStore
}

/** @throws GatewayError `store_unavailable` where it cannot be opened; the next call tries again. */
export type OpenStores = () => Promise<Stores>
