/** Background runs: stored when they are taken, run in turn, followed, cancelled, looked up until they are old. */
import {
  GatewayError,
  isTerminal,
  newId,
  type Job,
  type JobEvent,
  type JobFilter,
  type JobOrder,
  type JobStore,
  type JobSummary,
  type OpenStores,
  type Page,
  type PageOptions,
  type Submitted,
} from '../core/index.ts'
import { createAlarm } from './alarm.ts'
import { createBells } from './bells.ts'
import type { FollowOptions } from './follow.ts'
import { createFollowers, type Followers } from './followers.ts'
import { startWork, type Work, type WorkOptions } from './work.ts'

const OPEN_AGAIN_MS = 1000
const MAX_OPEN_AGAIN_MS = 30_000

export interface JobsOptions extends WorkOptions {
  /** The store is opened by the first call that needs it. */
  readonly openStores: OpenStores
  readonly maxQueued: number
}

/** Names one job of a tenant; to others it does not exist. */
export interface JobName {
  readonly tenant: string
  readonly id: string
}

export interface Jobs {
  /**
   * Takes a job; it is stored when this resolves.
   * @throws GatewayError `job_queue_full`, `store_unavailable`; `invalid_request` where its idempotency key was another order's.
   */
  submit(order: JobOrder): Promise<Submitted>
  get(name: JobName): Promise<Job | undefined>
  /** Newest first. */
  list(tenant: string, filter: JobFilter, options: PageOptions): Promise<Page<JobSummary>>
  patch(name: JobName): Promise<Uint8Array | undefined>
  /**
   * Resolves to the job as it stands then; one that was over stays as it was. What ran of it in this process is stopped and
   * its workspace gone.
   */
  cancel(name: JobName): Promise<Job | undefined>
  /**
   * Its events from the one behind `after`, as they happen, up to `ended`; `undefined` where none is to come.
   * @throws GatewayError `too_many_followers`.
   */
  follow(job: Job, options: FollowOptions): Promise<AsyncIterable<JobEvent> | undefined>
  /**
   * Begins to run jobs, from when the store is open. With `eager` it is opened now, for work that was left; where that
   * fails it is tried again.
   */
  start(options: { readonly eager: boolean }): void
  /** Stops what runs, waits for it and hands it back, to go on at the next start. */
  close(): Promise<void>
}

const ID = /^job_[0-9a-f]{32}$/

export function createJobs({ openStores, maxQueued, ...options }: JobsOptions): Jobs {
  const { room, clock, observer } = options
  const closing = new AbortController()
  const bells = createBells(clock)
  let opened: JobStore | undefined
  let followers: Followers | undefined
  let isStarted = false
  let work: Work | undefined
  let opening: Promise<void> | undefined

  function begin(): void {
    if (isStarted && opened !== undefined && !closing.signal.aborted) work ??= startWork(opened, bells, options)
  }

  async function open(): Promise<JobStore> {
    closing.signal.throwIfAborted()
    if (opened !== undefined) return opened
    const { jobs } = await openStores()
    opened ??= jobs
    begin()
    return opened
  }

  async function openAtLast(): Promise<void> {
    const { sleep } = createAlarm(clock)
    const { signal } = closing
    for (let pauseMs = OPEN_AGAIN_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, MAX_OPEN_AGAIN_MS)) {
      try {
        await open()
        return
      } catch (error) {
        observer.observe({ type: 'job-store-failed', what: 'open', error })
      }
      await sleep({ ms: pauseMs, signal })
    }
  }

  async function get({ tenant, id }: JobName): Promise<Job | undefined> {
    // What is no id of ours is not worth opening a store for.
    if (!ID.test(id)) return undefined
    const job = await (await open()).get(id)
    return job?.tenant === tenant ? job : undefined
  }

  return {
    async submit(order) {
      const submitted = await (await open()).submit(newId('job_'), order, { maxQueued })
      if (submitted === 'full') throw room.refusal()
      if (submitted === 'mismatch') {
        throw new GatewayError('invalid_request', '`idempotency-key`: it came with another order before.', {
          param: 'idempotency-key',
        })
      }
      if (submitted.created) {
        observer.observe({ type: 'job-changed', jobId: submitted.job.id, status: 'queued' })
        work?.queued()
      }
      return submitted
    },
    get,
    list: async (tenant, filter, page) => (await open()).list(tenant, filter, page),
    async patch(name) {
      const job = await get(name)
      return job?.hasPatch === true ? (await open()).patch(job.id) : undefined
    },
    async cancel(name) {
      const job = await get(name)
      if (job === undefined) return undefined
      const cancelled = await (await open()).cancel(job.id)
      await work?.cancelled(job.id)
      if (cancelled?.status === 'cancelled' && !isTerminal(job))
        observer.observe({ type: 'job-changed', jobId: job.id, status: 'cancelled' })
      return cancelled
    },
    async follow(job, following) {
      const store = await open()
      if (isTerminal(job)) {
        const next = await store.events(job.id, { after: following.after, limit: 1 })
        if (next.length === 0) return undefined
      }
      followers ??= createFollowers({ store, bells, clock })
      return followers.follow(job, following)
    },
    start({ eager }) {
      isStarted = true
      begin()
      if (eager) opening ??= openAtLast()
    },
    async close() {
      closing.abort(new GatewayError('shutting_down', 'The server is stopping. Try again shortly.'))
      await opening
      await Promise.all([work?.close(), followers?.settled()])
    },
  }
}
