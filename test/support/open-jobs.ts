/** Jobs on fakes: a scripted engine, workspaces that are only names, a store in memory, a clock in the test's hand. */
import { createAdmission } from '../../src/access/index.ts'
import type {
  Agent,
  Job,
  JobEvent,
  JobOrder,
  JobStatus,
  JobStore,
  TurnEngine,
  TurnRequest,
} from '../../src/core/index.ts'
import { createJobs, type JobCallbackSender } from '../../src/jobs/index.ts'
import { createFakeWorkspaces, type FakeWorkspacesOptions } from './fake-workspaces.ts'
import { createManualClock } from './manual-clock.ts'
import { createMemoryJobs, type MemoryJobs } from './memory-jobs.ts'
import { createRecordingObserver } from './recording-observer.ts'
import { createScriptedEngine, type Step } from './scripted-engine.ts'

export const START_MS = 1_700_000_000_000

export const doer: Agent = { name: 'recruiter-triage', description: 'd', prompt: 'p', tools: ['Read'] }
export const talker: Agent = { name: 'conversational', description: 'd', prompt: 'p', tools: [] }

export const order = (fields: Partial<JobOrder> = {}): JobOrder => ({
  tenant: 't',
  agent: doer.name,
  prompt: 'Проучи',
  model: 'opus',
  budgetUsd: 0.5,
  timeoutMs: 60_000,
  metadata: '{"a":[1]}',
  priority: 0,
  ...fields,
})

export interface OpenJobsOptions extends FakeWorkspacesOptions {
  readonly capacity?: number
  /** The most jobs at once. */
  readonly background?: number
  readonly maxWaiting?: number
  readonly maxQueued?: number
  readonly ttlMs?: number
  readonly maxFailures?: number
  readonly maxPerTenant?: number
  readonly agents?: readonly Agent[]
  readonly engine?: TurnEngine
  readonly sender?: JobCallbackSender
  /** What another gateway keeps, and what stands between the store and these jobs. */
  readonly store?: MemoryJobs
  readonly clock?: ReturnType<typeof createManualClock>
  readonly through?: (store: JobStore) => JobStore
  readonly openStore?: (store: JobStore) => Promise<JobStore>
  readonly start?: boolean
}

export function openJobs(
  script: (request: TurnRequest, index: number) => readonly Step[],
  {
    capacity = 1,
    background = capacity,
    maxWaiting = 10,
    maxQueued = 100,
    ttlMs = 3_600_000,
    maxFailures = 3,
    maxPerTenant = Infinity,
    agents = [doer, talker],
    clock = createManualClock({ startMs: START_MS }),
    store = createMemoryJobs({ clock }),
    through = (store) => store,
    openStore = async (store) => store,
    start = true,
    sender,
    engine: given,
    ...ofWorkspaces
  }: OpenJobsOptions = {},
) {
  const observer = createRecordingObserver()
  const engine = createScriptedEngine(script)
  const room = createAdmission({ capacity, background, maxWaiting, keepsOne: false, clock })
  const workspaces = createFakeWorkspaces(ofWorkspaces)
  let openings = 0
  const jobs = createJobs({
    engine: given ?? engine,
    workspaces,
    room: room.jobs,
    agents: () => agents,
    openStores: async () => {
      openings++
      return { jobs: await openStore(through(store)), conversations: noConversations }
    },
    ...(sender === undefined ? {} : { sender }),
    callbackBody: (job) => JSON.stringify({ told: job.id, status: job.status }),
    clock,
    observer,
    ttlMs,
    maxQueued,
    heartbeatMs: 10_000,
    maxFailures,
    maxPerTenant: () => maxPerTenant,
  })
  if (start) jobs.start({ eager: false })
  const submit = async (fields: Partial<JobOrder> = {}): Promise<string> => (await jobs.submit(order(fields))).job.id
  const get = async (id: string): Promise<Job | undefined> => await store.get(id)
  const reached = async (id: string, ...statuses: readonly JobStatus[]): Promise<Job | undefined> => {
    await observer.until((seen) => seen.type === 'job-changed' && seen.jobId === id && statuses.includes(seen.status))
    return await get(id)
  }
  return {
    clock,
    observer,
    engine,
    room,
    workspaces,
    store,
    jobs,
    submit,
    get,
    reached,
    get openings() {
      return openings
    },
    done: (id: string) => reached(id, 'completed', 'failed', 'timeout', 'error', 'cancelled'),
    events: (id: string): Promise<readonly JobEvent[]> => store.events(id, { after: 0, limit: 1000 }),
    follow: async (id: string, after = 0, signal: AbortSignal = new AbortController().signal) => {
      const job = await jobs.get({ tenant: 't', id })
      if (job === undefined) throw new Error('there is no such job')
      return await jobs.follow(job, { after, signal })
    },
    /** The statuses that were told of a job. */
    told: (id: string) => observer.of('job-changed').flatMap(({ jobId, status }) => (jobId === id ? [status] : [])),
  }
}

const unused = async (): Promise<never> => {
  throw new Error('jobs have nothing to do with conversations')
}

const noConversations = {
  get: unused,
  list: unused,
  claim: unused,
  extend: unused,
  append: unused,
  release: unused,
  delete: unused,
  deleteIdle: unused,
}

/** What a promise fails with. */
export const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => 'no failure',
    (error: unknown) => error,
  )
