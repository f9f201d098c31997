/** An attempt from its begin to what the store is told of its end. */
import {
  GatewayError,
  newId,
  toGatewayError,
  toTokenFigures,
  type Agent,
  type Attempt,
  type Clock,
  type EventBatch,
  type Job,
  type JobOutcome,
  type JobStatus,
  type JobStore,
  type Observer,
  type TurnEngine,
} from '../core/index.ts'
import type { Place } from '../lib/index.ts'
import { failureOutcome } from './outcome.ts'
import { perform } from './perform.ts'
import type { JobWorkspaces } from './ports.ts'
import { createRelay } from './relay.ts'
import { retryDelayMs } from './retry.ts'
import { RunStopped } from './stop-reason.ts'
import { untilKept } from './until-kept.ts'

export interface AttemptOptions {
  readonly store: JobStore
  readonly engine: TurnEngine
  readonly workspaces: JobWorkspaces
  readonly agents: () => readonly Agent[]
  readonly maxFailures: number
  readonly clock: Clock
  readonly observer: Observer
  /** Something was written of the job: an event, or this status. */
  readonly changed: (jobId: string, status?: JobStatus) => void
}

/** What the store is told. */
type Ending =
  | { readonly type: 'over'; readonly outcome: JobOutcome }
  | { readonly type: 'again'; readonly delayMs: number; readonly failed?: { readonly error: string } }
  /** It is somebody else's word. */
  | { readonly type: 'nothing' }

/** What the log says of the end of a run. */
type RunEnd = Pick<JobOutcome, 'errorCode' | 'usage'> & { readonly status: JobOutcome['status'] | 'stopped' }

export interface StoppableRun {
  /** Aborts with a `RunStopped`. */
  readonly signal: AbortSignal
  readonly stop: (why: 'superseded') => void
}

/** Runs an attempt in its place, which is given back when the process and the workspace are gone. Does not throw. */
export async function runAttempt(
  attempt: Attempt,
  { place, signal, stop, ...options }: AttemptOptions & StoppableRun & { readonly place: Place },
): Promise<void> {
  const { store, agents, maxFailures, clock, observer, changed } = options
  const { job } = attempt
  const persistent = <T>(what: string, write: () => Promise<T>): Promise<T | undefined> =>
    untilKept(write, { signal, what, jobId: job.id, clock, observer })

  async function keep(events: EventBatch['events']): Promise<void> {
    const batch: EventBatch = { id: newId(''), events }
    const isKept = await persistent('append', () => store.append(attempt, batch))
    if (isKept === false) stop('superseded')
    changed(job.id)
  }

  /** What a run does to the outside is not done by one whose job another has taken up, or that was cancelled. */
  async function confirm(): Promise<void> {
    const lost = await persistent('beat', () => store.beat([attempt]))
    if (lost !== undefined && lost.length > 0) stop('superseded')
    signal.throwIfAborted()
  }

  const relay = createRelay({ keep, clock })

  async function performed(): Promise<JobOutcome> {
    signal.throwIfAborted()
    const agent = agents().find(({ name }) => name === job.agent)
    if (agent === undefined)
      throw new GatewayError('model_not_found', `The agent \`${job.agent}\` does not exist any longer.`)
    return await perform(job, agent, { ...options, relay, confirm, signal })
  }

  const startedAtMs = clock.nowMs()
  function runFinished({ status, errorCode, usage }: RunEnd): void {
    observer.observe({
      type: 'job-run-finished',
      jobId: job.id,
      tenant: job.tenant,
      agent: job.agent,
      model: job.model,
      attempt: job.attempt,
      outcome: status,
      ms: clock.nowMs() - startedAtMs,
      ...(errorCode === undefined ? {} : { code: errorCode }),
      ...(usage === undefined ? {} : toTokenFigures(usage)),
    })
  }

  function endingOf(thrown: unknown): Ending {
    if (signal.aborted && signal.reason instanceof RunStopped) {
      runFinished({ status: 'stopped' })
      return signal.reason.why === 'closing' ? { type: 'again', delayMs: 0 } : { type: 'nothing' }
    }
    const error = toGatewayError(thrown)
    const outcome = failureOutcome(error)
    observer.observe({ type: 'job-failed', jobId: job.id, code: error.code, error })
    runFinished(outcome)
    const delayMs = retryDelayMs(error, { failures: job.failures, maxFailures })
    return delayMs === undefined
      ? { type: 'over', outcome }
      : { type: 'again', delayMs, failed: { error: error.message } }
  }

  async function tell(ending: Ending): Promise<void> {
    switch (ending.type) {
      case 'nothing':
        return
      case 'over':
        if (await persistent('finish', () => store.finish(attempt, ending.outcome))) told(job, ending.outcome.status)
        return
      case 'again': {
        const { delayMs, failed } = ending
        const options = { delayMs, ...(failed === undefined ? {} : { failed }) }
        if (await persistent('hand-back', () => store.handBack(attempt, options))) told(job, 'queued')
      }
    }
  }

  function told({ id }: Job, status: JobStatus): void {
    observer.observe({ type: 'job-changed', jobId: id, status })
    changed(id, status)
  }

  told(job, 'running')
  let ending: Ending
  {
    using _place = place
    ending = await performed().then(
      (outcome) => {
        runFinished(outcome)
        return { type: 'over' as const, outcome }
      },
      (thrown: unknown) => endingOf(thrown),
    )
  }
  // A store that does not answer keeps nobody's place.
  await relay[Symbol.asyncDispose]()
  await tell(ending)
}
