/** What jobs need of others. */
import type { Agent, Changes, GatewayError, PushedBranch } from '../core/index.ts'
import type { Place } from '../lib/index.ts'

/** The part of the admission that jobs need. */
export interface JobRoom {
  /** The refusal of a job for which the queue is full. */
  refusal(): GatewayError
  /** Takes a slot when it is the jobs' turn. @throws the signal's reason when it aborts. */
  enter(options: { readonly signal: AbortSignal }): Promise<Place>
}

/** Where a doer works; disposing of it removes it. */
export interface JobWorkspace extends AsyncDisposable {
  readonly directory: string
  /** Aborts when it grows beyond what it may; its reason is the error of the run. */
  readonly overgrown: AbortSignal
  /** What was changed in it since it was opened. */
  changes(options: { readonly signal: AbortSignal }): Promise<Changes>
  /** Pushes what was changed; `message` is for what is not committed yet. `undefined` where there is nothing to push. */
  push(options: {
    readonly branch: string
    readonly message: string
    readonly signal: AbortSignal
  }): Promise<PushedBranch | undefined>
}

/** What a workspace is a checkout of; without a repository it is empty. */
export interface JobSource {
  readonly repository: string | undefined
  readonly branch: string | undefined
}

export interface JobWorkspaces {
  /** @throws GatewayError when there can be none; the signal's reason when it aborts. */
  open(options: { readonly signal: AbortSignal; readonly source: JobSource }): Promise<JobWorkspace>
  /** Where an agent works. */
  sourceOf(agent: Agent): JobSource
}

/** Sends callbacks, one attempt each. */
export interface JobCallbackSender {
  /** Rejects with the signal's reason when that aborts; what does not arrive for another reason is a value. */
  send(callback: {
    readonly url: string
    /** The same with each attempt. */
    readonly id: string
    readonly body: string
    readonly signal: AbortSignal
  }): Promise<
    | { readonly ok: true; readonly status: number }
    | { readonly ok: false; readonly retryable: boolean; readonly reason: string; readonly cause?: unknown }
  >
}
