import { expect, test } from 'vitest'
import { openApp, OTHER, START_MS, TENANT } from '../../test/support/open-app.ts'
import { end, forever, says } from '../../test/support/scripted-engine.ts'
import type { JobStatus } from '../core/index.ts'

const order = { prompt: 'Проучи', agent: 'recruiter-triage' }

const open = (...args: Parameters<typeof openApp>) => {
  const opened = openApp(...args)
  const submit = async (fields: object = {}): Promise<string> => {
    const reply = await opened.post('/execute', { ...order, ...fields })
    expect(reply.status).toBe(202)
    const { job_id: id, ...rest } = (await reply.json()) as { readonly job_id: string }
    expect([id, rest]).toEqual([expect.stringMatching(/^job_[0-9a-f]{32}$/), { status: 'queued' }])
    return id
  }
  const look = async (id: string): Promise<unknown> => (await opened.request(`/jobs/${id}`)).json()
  const reached = (id: string, status: JobStatus) =>
    opened.observer.until((seen) => seen.type === 'job-changed' && seen.jobId === id && seen.status === status)
  return { ...opened, submit, look, reached }
}

test('[JB1] a job is taken and queued, and can be looked up until it is done', async () => {
  const gate = Promise.withResolvers<void>()
  const { submit, look, reached, clock } = open(() => [gate.promise, end('Готово', { costUsd: 0.5, exitCode: 0 })])
  const id = await submit({ metadata: { ж: [null] } })
  await reached(id, 'running')
  const job = {
    job_id: id,
    agent: 'recruiter-triage',
    model: 'sonnet',
    created_at: new Date(START_MS).toISOString(),
    started_at: new Date(START_MS).toISOString(),
    metadata: { ж: [null] },
  }
  const nothing = { finished_at: null, output: null, error: null, exit_code: null, cost_usd: null }
  expect(await look(id)).toStrictEqual({ ...job, ...nothing, status: 'running' })
  await clock.advance(1500)
  gate.resolve()
  await reached(id, 'completed')
  expect(await look(id)).toStrictEqual({
    ...job,
    status: 'completed',
    finished_at: new Date(START_MS + 1500).toISOString(),
    output: 'Готово',
    error: null,
    exit_code: 0,
    cost_usd: 0.5,
  })
})

test('[JB1] a job has the budget and the limit that it asks for, else those of the server', async () => {
  const { submit, engine, doer } = open(() => says('a'))
  await submit({ max_budget_usd: 0.1, timeout_seconds: 2.5 })
  await engine.started(0)
  await submit()
  await engine.started(1)
  const request = { tenant: TENANT, agent: doer, model: 'sonnet', history: [{ role: 'user', text: 'Проучи' }] }
  expect(engine.runs.map((run) => run.request)).toEqual([
    { ...request, budgetUsd: 0.1, limits: { turnMs: 2500 } },
    { ...request, budgetUsd: 2, limits: { turnMs: 900_000 } },
  ])
})

test('[JB1] a body that is malformed is 400 that names the field', async () => {
  const { post, engine } = open(() => says('a'))
  for (const [fields, detail] of [
    [{ prompt: '' }, '`prompt`: a prompt must not be empty.'],
    [{ agent: 5 }, '`agent`: the name of an agent is expected.'],
    [{ max_budget_usd: 0 }, '`max_budget_usd`: more than 0 is expected.'],
    [{ timeout_seconds: 1e9 }, '`timeout_seconds`: at most 86400 is expected.'],
    [{ metadata: 'm' }, '`metadata`: an object is expected.'],
  ] as const) {
    const reply = await post('/execute', { ...order, ...fields })
    expect([reply.status, await reply.json()]).toMatchObject([400, { error: 'invalid request', detail }])
  }
  expect(engine.runs).toEqual([])
})

test('[JB1] an agent that is unknown is 404 with those on offer', async () => {
  const { post, engine } = open(() => says('a'))
  for (const agent of ['nobody', 'haiku', 'recruiter-triage/opus', '__proto__']) {
    const reply = await post('/execute', { ...order, agent })
    expect([reply.status, await reply.json()]).toMatchObject([
      404,
      {
        error: 'not found',
        detail: `The agent \`${agent}\` does not exist. On offer: conversational, recruiter-triage.`,
      },
    ])
  }
  expect(engine.runs).toEqual([])
})

test('[JB2] an id that is unknown is 404', async () => {
  const { request } = open(() => [])
  for (const id of ['job_1', '__proto__', '%2e%2e', 'ж', '%zz']) {
    const reply = await request(`/jobs/${id}x`)
    expect([reply.status, await reply.json()]).toMatchObject([404, { error: 'not found' }])
  }
})

test('[AU3] a job is there for the key that gave it, and for no other', async () => {
  const gate = Promise.withResolvers<void>()
  const { post, request, reached, engine } = open(({ tenant }) => [gate.promise, ...says(`for ${tenant}`)])
  const idOf = async (reply: Response): Promise<string> => ((await reply.json()) as { readonly job_id: string }).job_id
  const [mine, theirs] = [await idOf(await post('/execute', order)), await idOf(await post('/execute', order, OTHER))]
  await Promise.all([reached(mine, 'running'), reached(theirs, 'running')])
  expect(engine.runs.map((run) => run.request.tenant)).toEqual([TENANT, 'other'])
  const look = async (id: string, init?: RequestInit): Promise<unknown> => {
    const reply = await request(`/jobs/${id}`, init)
    return [reply.status, await reply.json()]
  }
  const unknown = await look('job_1')
  expect(unknown).toMatchObject([404, { error: 'not found' }])
  // As little as of a job that never was, whatever it is doing.
  const expectOwn = async (): Promise<void> => {
    expect(await look(mine, OTHER)).toStrictEqual(unknown)
    expect(await look(theirs)).toStrictEqual(unknown)
    expect(await look(mine)).toMatchObject([200, { job_id: mine }])
    expect(await look(theirs, OTHER)).toMatchObject([200, { job_id: theirs }])
  }
  await expectOwn()
  gate.resolve()
  await Promise.all([reached(mine, 'completed'), reached(theirs, 'completed')])
  await expectOwn()
  expect(await look(mine)).toMatchObject([200, { output: `for ${TENANT}` }])
})

test('[AU3] a job as it is told does not tell whose it is', async () => {
  const { submit, look } = open(() => [forever()])
  expect(await look(await submit())).not.toHaveProperty('tenant')
})

test('[AD2] a job that finds the queue full is 429 with the time to wait', async () => {
  const { submit, post, observer } = open(() => [forever()], { capacity: 1, maxWaiting: 1 })
  await submit()
  await submit()
  const reply = await post('/execute', order)
  expect([reply.status, reply.headers.get('retry-after'), reply.headers.get('x-should-retry')]).toEqual([
    429,
    '2',
    null,
  ])
  expect(await reply.json()).toMatchObject({
    error: 'queue full',
    detail: 'The server is busy and its queue is full. Try again later.',
  })
  expect(observer.of('request-failed').map(({ code }) => code)).toEqual(['job_queue_full'])
})

test('[JB4] jobs and requests wait for one another', async () => {
  const gate = Promise.withResolvers<void>()
  const { submit, chat, look, engine, admission } = open(
    (_, index) => (index === 0 ? [gate.promise, ...says('a')] : says('b')),
    {
      capacity: 1,
    },
  )
  const id = await submit()
  await engine.started(0)
  const reply = chat()
  await expect.poll(() => admission.queued).toBe(1)
  expect(engine.runs).toHaveLength(1)
  gate.resolve()
  expect((await reply).status).toBe(200)
  expect(await look(id)).toMatchObject({ status: 'completed', output: 'a' })
})

test('[CA1] a job goes on when its caller is gone', async () => {
  const gate = Promise.withResolvers<void>()
  const { post, engine, look, reached } = open(() => [gate.promise, ...says('a')])
  const leaving = new AbortController()
  const reply = await post('/execute', order, { signal: leaving.signal })
  const { job_id: id } = (await reply.json()) as { readonly job_id: string }
  await engine.started(0)
  leaving.abort(new Error('gone'))
  gate.resolve()
  await reached(id, 'completed')
  expect(await look(id)).toMatchObject({ output: 'a' })
})
