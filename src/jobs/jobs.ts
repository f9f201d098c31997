/** Background runs: taken at once, run in turn, looked up until they are old. Owns every run that is under way. */
import {
  collectTurn,
  GatewayError,
  newId,
  toGatewayError,
  type Agent,
  type Clock,
  type Job,
  type JobStatus,
  type JobStore,
  type Observer,
  type TurnEngine,
} from '../core/index.ts'
import type { Place } from '../lib/index.ts'

const SWEEP_EVERY_MS = 1000

/** The part of the admission that jobs need. */
export interface JobRoom {
  readonly isFull: boolean
  refusal(code: 'job_queue_full'): GatewayError
  enter(options: { readonly signal: AbortSignal; readonly full: 'job_queue_full' }): Promise<Place>
}

export interface JobsOptions {
  /** Runs turns at once; the room is entered here, so that a job is known to be waiting or running. */
  readonly engine: TurnEngine
  readonly room: JobRoom
  readonly store: JobStore
  readonly clock: Clock
  readonly observer: Observer
  readonly ttlMs: number
}

export interface JobOrder {
  readonly tenant: string
  readonly agent: Agent
  readonly prompt: string
  readonly model: string
  readonly budgetUsd: number
  readonly timeoutMs: number
  readonly metadata: Readonly<Record<string, unknown>>
}

export interface Jobs {
  /** Takes a job; it is stored when this resolves. @throws GatewayError `job_queue_full`. */
  submit(order: JobOrder): Promise<Job>
  find(id: string): Promise<Job | undefined>
  /** Stops what runs and waits for it; those jobs end as `error`. */
  close(): Promise<void>
}

type Ended = Partial<Job> & { readonly status: JobStatus }

const statusOf = (error: GatewayError): JobStatus => {
  switch (error.code) {
    case 'timeout':
      return 'timeout'
    case 'cli_unavailable':
    case 'workspace_failed':
    case 'sandbox_unavailable':
    case 'shutting_down':
    case 'internal_error':
      return 'error'
    default:
      return 'failed'
  }
}

export function createJobs({ engine, room, store, clock, observer, ttlMs }: JobsOptions): Jobs {
  const stopping = new AbortController()
  const { signal } = stopping
  const running = new Set<Promise<void>>()
  let sweeping: Disposable | undefined

  async function put(job: Job): Promise<void> {
    await store.put(job)
    observer.observe({ type: 'job-changed', jobId: job.id, status: job.status })
  }

  /** Runs the order in its place and says how it ended. */
  async function outcome({ tenant, agent, prompt, model, budgetUsd, timeoutMs }: JobOrder): Promise<Ended> {
    const history = [{ role: 'user' as const, text: prompt }]
    const turn = { tenant, agent, model, history, limits: { turnMs: timeoutMs }, budgetUsd }
    const { answer, exitCode, costUsd } = await collectTurn(engine.run(turn, { signal }))
    return {
      status: 'completed',
      output: answer,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(costUsd === undefined ? {} : { costUsd }),
    }
  }

  /** What a caller is told of a failure; the rest goes to the log. */
  function failure(jobId: string, thrown: unknown): Ended {
    const error = toGatewayError(thrown)
    observer.observe({ type: 'job-failed', jobId, code: error.code, error })
    const { exitCode } = error.details
    return { status: statusOf(error), error: error.message, ...(typeof exitCode === 'number' ? { exitCode } : {}) }
  }

  async function run(
    queued: Job,
    order: JobOrder,
    { entered, stored }: { readonly entered: Promise<Place>; readonly stored: Promise<void> },
  ): Promise<void> {
    let started = queued
    let ended: Ended
    try {
      using _place = await entered
      await stored
      started = { ...queued, status: 'running', startedAtMs: clock.nowMs() }
      await put(started)
      ended = await outcome(order)
    } catch (thrown) {
      ended = failure(queued.id, thrown)
    }
    await put({ ...started, ...ended, finishedAtMs: clock.nowMs() })
    if (!signal.aborted) sweeping ??= clock.after(Math.min(ttlMs, SWEEP_EVERY_MS), sweep)
  }

  function sweep(): void {
    sweeping = undefined
    track(store.deleteFinished({ finishedBeforeMs: clock.nowMs() - ttlMs }).then(() => undefined))
    if (!signal.aborted) sweeping = clock.after(Math.min(ttlMs, SWEEP_EVERY_MS), sweep)
  }

  function track(work: Promise<void>): void {
    const settled = work.catch((error: unknown) => observer.observe({ type: 'cleanup-failed', what: 'job', error }))
    running.add(settled)
    void settled.then(() => running.delete(settled))
  }

  return {
    async submit(order) {
      signal.throwIfAborted()
      if (room.isFull) throw room.refusal('job_queue_full')
      // Entered in the same tick, so that the room just seen is this job's.
      const entered = room.enter({ signal, full: 'job_queue_full' })
      const { agent, ...rest } = order
      const job: Job = { ...rest, agent: agent.name, id: newId('job_'), status: 'queued', createdAtMs: clock.nowMs() }
      const stored = put(job)
      track(run(job, order, { entered, stored }))
      await stored
      return job
    },
    find: (id) => store.get(id),
    async close() {
      stopping.abort(new GatewayError('shutting_down', 'The server was stopped before the job was done.'))
      sweeping?.[Symbol.dispose]()
      while (running.size > 0) await Promise.all(running)
    },
  }
}
