import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createRecordingObserver } from '../../test/support/recording-observer.ts'
import { createScriptedEngine, end, forever, says, text, type Step } from '../../test/support/scripted-engine.ts'
import { createAdmission } from '../access/index.ts'
import { GatewayError, isTerminal, type Job, type JobStatus, type JobStore, type TurnRequest } from '../core/index.ts'
import { createJobMemory } from '../storage/index.ts'
import { createJobs, type JobOrder } from './jobs.ts'

const agent = { name: 'recruiter-triage', description: 'd', prompt: 'p', tools: ['Read'] }
const order: JobOrder = {
  tenant: 't',
  agent,
  prompt: 'Проучи',
  model: 'opus',
  budgetUsd: 0.5,
  timeoutMs: 60_000,
  metadata: { a: [1] },
}
const START_MS = 1_700_000_000_000

interface Options {
  readonly capacity?: number
  readonly maxWaiting?: number
  readonly ttlMs?: number
  readonly store?: JobStore
}

function open(
  script: (request: TurnRequest, index: number) => readonly Step[],
  { capacity = 1, maxWaiting = 10, ttlMs = 3_600_000, store = createJobMemory() }: Options = {},
) {
  const clock = createManualClock({ startMs: START_MS })
  const observer = createRecordingObserver()
  const engine = createScriptedEngine(script)
  const room = createAdmission({ capacity, maxWaiting, clock })
  const jobs = createJobs({ engine, room, store, clock, observer, ttlMs })
  const reached = async (id: string, ...statuses: readonly JobStatus[]): Promise<Job | undefined> => {
    await observer.until((seen) => seen.type === 'job-changed' && seen.jobId === id && statuses.includes(seen.status))
    return await jobs.find(id)
  }
  return {
    clock,
    observer,
    engine,
    room,
    jobs,
    reached,
    done: (id: string) => reached(id, 'completed', 'failed', 'timeout', 'error'),
  }
}

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => 'no failure',
    (error: unknown) => error,
  )

test('[JB1] a job is queued and stored when it is taken', async () => {
  const { jobs } = open(() => [forever()])
  const job = await jobs.submit(order)
  expect(job).toStrictEqual({
    id: expect.stringMatching(/^job_[0-9a-f]{32}$/),
    tenant: 't',
    agent: 'recruiter-triage',
    prompt: 'Проучи',
    model: 'opus',
    budgetUsd: 0.5,
    timeoutMs: 60_000,
    metadata: { a: [1] },
    status: 'queued',
    createdAtMs: START_MS,
  })
  expect(await jobs.find(job.id)).toMatchObject({ id: job.id, metadata: { a: [1] } })
  expect(await jobs.find('job_unknown')).toBeUndefined()
})

test('[JB1] the run is asked the prompt with the budget and the limit of its job', async () => {
  const { jobs, engine } = open(() => [forever()])
  await jobs.submit(order)
  const { request } = await engine.started(0)
  expect(request).toEqual({
    tenant: 't',
    agent,
    model: 'opus',
    history: [{ role: 'user', text: 'Проучи' }],
    limits: { turnMs: 60_000 },
    budgetUsd: 0.5,
  })
})

test('[AU3] jobs of several tenants are each their own tenant’s, queued, running and asked', async () => {
  const { jobs, engine, reached } = open(() => [forever()], { capacity: 2 })
  const [one, two, three] = [
    await jobs.submit(order),
    await jobs.submit({ ...order, tenant: 'other' }),
    await jobs.submit({ ...order, tenant: 'third' }),
  ]
  expect((await reached(one.id, 'running'))?.tenant).toBe('t')
  expect((await reached(two.id, 'running'))?.tenant).toBe('other')
  expect(await jobs.find(three.id)).toMatchObject({ tenant: 'third', status: 'queued' })
  expect(engine.runs.map(({ request }) => request.tenant)).toEqual(['t', 'other'])
})

test('[JB2] a job tells what it is doing, when, and what came of it', async () => {
  const gate = Promise.withResolvers<void>()
  const { jobs, clock, reached, done, observer } = open(() => [
    text('Let me see.'),
    gate.promise,
    end('Готово 🙂', { costUsd: 0.12, exitCode: 0 }),
  ])
  const { id } = await jobs.submit(order)
  const running = await reached(id, 'running')
  expect(running).toMatchObject({ status: 'running', createdAtMs: START_MS, startedAtMs: START_MS })
  expect(running).not.toHaveProperty('finishedAtMs')
  await clock.advance(2500)
  gate.resolve()
  expect(await done(id)).toEqual({
    id,
    tenant: 't',
    agent: 'recruiter-triage',
    prompt: 'Проучи',
    model: 'opus',
    budgetUsd: 0.5,
    timeoutMs: 60_000,
    metadata: { a: [1] },
    status: 'completed',
    createdAtMs: START_MS,
    startedAtMs: START_MS,
    finishedAtMs: START_MS + 2500,
    output: 'Готово 🙂',
    costUsd: 0.12,
    exitCode: 0,
  })
  expect(observer.of('job-changed').map(({ jobId, status }) => [jobId, status])).toEqual([
    [id, 'queued'],
    [id, 'running'],
    [id, 'completed'],
  ])
})

test('[JB2] a cost and an exit code that are not known are absent', async () => {
  const { jobs, done } = open(() => says(''))
  const job = await done((await jobs.submit(order)).id)
  expect(job).toMatchObject({ status: 'completed', output: '' })
  expect(job).not.toHaveProperty('costUsd')
  expect(job).not.toHaveProperty('exitCode')
  expect(job).not.toHaveProperty('error')
})

const STATUS_OF = [
  ['timeout', 'timeout'],
  ['cli_failed', 'failed'],
  ['upstream_failed', 'failed'],
  ['overloaded', 'failed'],
  ['rate_limit_exceeded', 'failed'],
  ['insufficient_quota', 'failed'],
  ['budget_exceeded', 'failed'],
  ['cli_not_logged_in', 'failed'],
  ['context_length_exceeded', 'failed'],
  ['cli_unavailable', 'error'],
  ['workspace_failed', 'error'],
  ['workspace_unusable', 'error'],
  ['shutting_down', 'error'],
  ['internal_error', 'error'],
] as const

test.each(STATUS_OF)('[JB3] a run that fails with %s ends its job as %s', async (code, status) => {
  const { jobs, done } = open((_, index) => {
    const error = new GatewayError(code, 'Не стана.', { details: { exitCode: 7, stderr: 'secret' } })
    return index === 0 ? [error] : [text('a'), { type: 'turn-failed', error }]
  })
  for (const when of ['at once', 'in mid-answer']) {
    const job = await done((await jobs.submit(order)).id)
    expect([when, job?.status, job?.error, job?.exitCode]).toEqual([when, status, 'Не стана.', 7])
    expect(job).toMatchObject({ startedAtMs: START_MS, finishedAtMs: START_MS })
    expect(job).not.toHaveProperty('output')
    expect(JSON.stringify(job)).not.toContain('secret')
  }
})

test('[JB3] a defect ends its job as error, in words that are safe', async () => {
  const { jobs, done } = open(() => [new TypeError('secret /path')])
  const job = await done((await jobs.submit(order)).id)
  expect(job).toMatchObject({ status: 'error', error: 'The gateway failed on this request.' })
  expect(job).not.toHaveProperty('exitCode')
})

test('[JB3] an exit code that is no number is not told', async () => {
  const { jobs, done } = open(() => [new GatewayError('cli_failed', 'No.', { details: { exitCode: null } })])
  expect(await done((await jobs.submit(order)).id)).not.toHaveProperty('exitCode')
})

test('[JB4] jobs wait for a place and run in the order they came', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { jobs, engine, clock, reached, done } = open(
    ({ history }, index) => [gates[index]?.promise ?? forever(), end(`did ${history[0]?.text}`)],
    { capacity: 1 },
  )
  const ids = await Promise.all(['a', 'b', 'c'].map(async (prompt) => (await jobs.submit({ ...order, prompt })).id))
  const [a = '', b = '', c = ''] = ids
  await reached(a, 'running')
  expect((await jobs.find(b))?.status).toBe('queued')
  await clock.advance(1000)
  gates[0]?.resolve()
  expect(await done(a)).toMatchObject({ output: 'did a', startedAtMs: START_MS })
  expect(await reached(b, 'running')).toMatchObject({ startedAtMs: START_MS + 1000 })
  expect((await jobs.find(c))?.status).toBe('queued')
  expect(engine.runs).toHaveLength(2)
  gates[1]?.resolve()
  gates[2]?.resolve()
  expect(await done(b)).toMatchObject({ output: 'did b' })
  expect(await done(c)).toMatchObject({ output: 'did c' })
})

test('[JB4] jobs share their places with requests', async () => {
  const { jobs, room, reached, engine } = open(() => says('a'), { capacity: 1 })
  const request = await room.enter({ signal: new AbortController().signal })
  const { id } = await jobs.submit(order)
  expect([room.active, room.queued, engine.runs.length]).toEqual([1, 1, 0])
  request[Symbol.dispose]()
  expect(await reached(id, 'completed')).toMatchObject({ output: 'a' })
  expect(room.active).toBe(0)
})

test('[JB4] waiting does not count towards the limit of a job', async () => {
  const { jobs, room, clock, engine, reached } = open(() => [forever()], { capacity: 1 })
  const request = await room.enter({ signal: new AbortController().signal })
  const { id } = await jobs.submit({ ...order, timeoutMs: 10 })
  await clock.advance(60_000)
  expect((await jobs.find(id))?.status).toBe('queued')
  request[Symbol.dispose]()
  expect(await reached(id, 'running')).toMatchObject({ startedAtMs: START_MS + 60_000 })
  expect((await engine.started(0)).request.limits).toEqual({ turnMs: 10 })
})

test('[JB4] when the queue is full a job is refused with the time to wait, and leaves nothing', async () => {
  const { jobs, room, observer } = open(() => [forever()], { capacity: 1, maxWaiting: 1 })
  await Promise.all([jobs.submit(order), jobs.submit(order)])
  const seen = observer.seen.length
  const error = await failure(jobs.submit(order))
  expect(error).toMatchObject({ code: 'job_queue_full', retryAfterSeconds: 2 })
  expect([room.active, room.queued, observer.seen.length]).toEqual([1, 1, seen])
})

test('[JB4] of jobs that come at once as many are taken as there is room for', async () => {
  const { jobs, room } = open(() => [forever()], { capacity: 2, maxWaiting: 3 })
  const outcomes = await Promise.allSettled(Array.from({ length: 9 }, () => jobs.submit(order)))
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 5 }, () => 'fulfilled'),
    ...Array.from({ length: 4 }, () => 'rejected'),
  ])
  expect([room.active, room.queued]).toEqual([2, 3])
})

test('[JB5] a finished job can be looked up until its time is over, then it is gone', async () => {
  const { jobs, clock, done } = open(() => says('a'), { ttlMs: 10_000 })
  const { id } = await jobs.submit(order)
  await done(id)
  await clock.untilArmed(1000)
  await clock.advance(9999)
  expect((await jobs.find(id))?.status).toBe('completed')
  await clock.advance(1001)
  expect(await jobs.find(id)).toBeUndefined()
})

test('[JB5] a time that is shorter than the sweep is kept too', async () => {
  const { jobs, clock, done } = open(() => says('a'), { ttlMs: 50 })
  const { id } = await jobs.submit(order)
  await done(id)
  await clock.untilArmed(50)
  await clock.advance(49)
  expect((await jobs.find(id))?.status).toBe('completed')
  await clock.advance(51)
  expect(await jobs.find(id)).toBeUndefined()
})

test('[JB5] a job that waits or runs stays, however old it is', async () => {
  const { jobs, clock, done, reached } = open((_, index) => (index === 0 ? says('a') : [forever()]), { ttlMs: 1000 })
  const first = await jobs.submit(order)
  await done(first.id)
  const running = await jobs.submit(order)
  const waiting = await jobs.submit(order)
  await reached(running.id, 'running')
  await clock.advance(1_000_000)
  expect(await jobs.find(first.id)).toBeUndefined()
  expect((await jobs.find(running.id))?.status).toBe('running')
  expect((await jobs.find(waiting.id))?.status).toBe('queued')
})

test('[JB5] each job has its own time', async () => {
  const { jobs, clock, done } = open(() => says('a'), { ttlMs: 10_000 })
  const early = await jobs.submit(order)
  await done(early.id)
  await clock.advance(6000)
  const late = await jobs.submit(order)
  await done(late.id)
  await clock.advance(6000)
  expect(await jobs.find(early.id)).toBeUndefined()
  expect((await jobs.find(late.id))?.status).toBe('completed')
  await clock.advance(5000)
  expect(await jobs.find(late.id)).toBeUndefined()
})

test('[JB3] closing ends the jobs that run and those that wait as error, and waits for them', async () => {
  const { jobs, engine, room, clock, reached } = open(() => [text('a'), forever()], { capacity: 1 })
  const running = await jobs.submit(order)
  const waiting = await jobs.submit(order)
  await reached(running.id, 'running')
  const run = await engine.started(0)
  await clock.advance(500)
  await jobs.close()
  await run.ended
  const stopped = { status: 'error', error: 'The server was stopped before the job was done.' }
  expect(await jobs.find(running.id)).toMatchObject({ ...stopped, finishedAtMs: START_MS + 500 })
  expect(await jobs.find(waiting.id)).toMatchObject(stopped)
  expect(await jobs.find(waiting.id)).not.toHaveProperty('startedAtMs')
  expect([engine.runs.length, room.active, room.queued, clock.armed]).toEqual([1, 0, 0, 0])
})

test('[JB3] closing waits for a run that takes its time to stop', async () => {
  const stopping = Promise.withResolvers<void>()
  const clock = createManualClock()
  const observer = createRecordingObserver()
  const started = Promise.withResolvers<void>()
  const jobs = createJobs({
    engine: {
      async *run(_, { signal }) {
        started.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        await stopping.promise
        yield { type: 'turn-failed', error: signal.reason as GatewayError }
      },
    },
    room: createAdmission({ capacity: 1, maxWaiting: 0, clock }),
    store: createJobMemory(),
    clock,
    observer,
    ttlMs: 1000,
  })
  const { id } = await jobs.submit(order)
  await started.promise
  let closed = false
  const closing = jobs.close().then(() => {
    closed = true
  })
  await clock.advance(0)
  expect([closed, (await jobs.find(id))?.status]).toEqual([false, 'running'])
  stopping.resolve()
  await closing
  expect((await jobs.find(id))?.status).toBe('error')
})

test('[JB3] after closing no job is taken; closing again is done at once', async () => {
  const { jobs, engine, clock } = open(() => says('a'))
  await jobs.close()
  expect(await failure(jobs.submit(order))).toMatchObject({ code: 'shutting_down' })
  await jobs.close()
  expect([engine.runs.length, clock.armed]).toEqual([0, 0])
})

test('[LG2] closing leaves no timer, also when jobs have finished before', async () => {
  const { jobs, clock, done } = open(() => says('a'))
  await done((await jobs.submit(order)).id)
  await clock.untilArmed(1000)
  await jobs.close()
  expect(clock.armed).toBe(0)
})

/** A store whose puts fail while `broken` says so of the job. */
function breakableStore(broken: (job: Job) => boolean): JobStore {
  const inner = createJobMemory()
  return {
    ...inner,
    async put(job) {
      if (broken(job)) throw new Error('no space left')
      await inner.put(job)
    },
  }
}

test('[JB1] a job that cannot be stored is not taken and not run, and its place is free again', async () => {
  let broken = true
  const store = breakableStore(({ status }) => broken && status === 'queued')
  const { jobs, engine, room, clock, done } = open(() => says('a'), { store, maxWaiting: 0 })
  const error = await failure(jobs.submit(order))
  expect(error).toMatchObject({ message: 'no space left' })
  await clock.advance(0)
  expect([room.active, engine.runs.length]).toEqual([0, 0])
  broken = false
  expect(await done((await jobs.submit(order)).id)).toMatchObject({ status: 'completed', output: 'a' })
})

test('[JB3] a job whose start cannot be stored is not run and ends as error', async () => {
  const store = breakableStore(({ status }) => status === 'running')
  const { jobs, engine, room, done } = open(() => says('a'), { store })
  const job = await done((await jobs.submit(order)).id)
  expect(job).toMatchObject({ status: 'error', error: 'The gateway failed on this request.', finishedAtMs: START_MS })
  expect([engine.runs.length, room.active]).toEqual([0, 0])
})

test('[JB3] an end that cannot be stored is reported and holds no place', async () => {
  const store = breakableStore(isTerminal)
  const { jobs, room, observer } = open(() => says('a'), { store })
  await jobs.submit(order)
  const seen = await observer.until(({ type }) => type === 'cleanup-failed')
  expect(seen).toMatchObject({ type: 'cleanup-failed', what: 'job', error: { message: 'no space left' } })
  expect(room.active).toBe(0)
  await jobs.close()
})

test('[JB5] a sweep that fails is reported, and the next one is made', async () => {
  const inner = createJobMemory()
  let fails = true
  const store: JobStore = {
    ...inner,
    async deleteFinished(options) {
      if (fails) throw new Error('no disk')
      return await inner.deleteFinished(options)
    },
  }
  const { jobs, clock, done, observer } = open(() => says('a'), { store, ttlMs: 500 })
  const { id } = await jobs.submit(order)
  await done(id)
  await clock.untilArmed(500)
  await clock.advance(500)
  expect(observer.of('cleanup-failed').map(({ error }) => error)).toEqual([new Error('no disk')])
  fails = false
  await clock.advance(500)
  expect(await jobs.find(id)).toBeUndefined()
})
