import { expect, test } from 'vitest'
import { OTHER, START_MS, TENANT } from '../../test/support/open-app.ts'
import { jobOrder, openJobApp } from '../../test/support/open-job-app.ts'
import { end, forever, says } from '../../test/support/scripted-engine.ts'
import { NO_USAGE } from '../core/index.ts'

test('[JB1] a job is taken and queued, and can be looked up until it is done', async () => {
  const gate = Promise.withResolvers<void>()
  const usage = { ...NO_USAGE, inputTokens: 5 }
  const { submit, look, reached, clock } = openJobApp(
    () => [gate.promise, end('Готово', { costUsd: 0.5, exitCode: 0, usage })],
    { workspaces: { changes: async () => ({ patch: new Uint8Array([1]), commits: [] }) } },
  )
  const id = await submit({ metadata: { ж: [null] }, priority: 3 })
  await reached(id, 'running')
  const job = {
    job_id: id,
    agent: 'recruiter-triage',
    model: 'sonnet',
    priority: 3,
    attempt: 1,
    created_at: new Date(START_MS).toISOString(),
    started_at: new Date(START_MS).toISOString(),
    error: null,
    error_code: null,
    pushed: null,
    metadata: { ж: [null] },
  }
  expect(await look(id)).toStrictEqual({
    ...job,
    status: 'running',
    finished_at: null,
    output: null,
    exit_code: null,
    cost_usd: null,
    usage: null,
    commits: null,
    has_patch: false,
  })
  await clock.advance(1500)
  gate.resolve()
  await reached(id, 'completed')
  expect(await look(id)).toStrictEqual({
    ...job,
    status: 'completed',
    finished_at: new Date(START_MS + 1500).toISOString(),
    output: 'Готово',
    exit_code: 0,
    cost_usd: 0.5,
    usage: { input_tokens: 5, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 0, reasoning_tokens: 0 },
    commits: [],
    has_patch: true,
  })
})

test('[JB1] a job has the budget and the limit that it asks for, else those of the server', async () => {
  const { submit, engine, doer } = openJobApp(() => says('a'))
  await submit({ max_budget_usd: 0.1, timeout_seconds: 2.5 })
  await engine.started(0)
  await submit()
  await engine.started(1)
  const request = { tenant: TENANT, agent: doer, model: 'sonnet', history: [{ role: 'user', text: 'Проучи' }] }
  expect(engine.runs.map((run) => run.request)).toMatchObject([
    { ...request, budgetUsd: 0.1, limits: { turnMs: 2500 } },
    { ...request, budgetUsd: 2, limits: { turnMs: 900_000 } },
  ])
})

test('[JB1] a body that is malformed is 400 that names the field', async () => {
  const { post, engine } = openJobApp(() => says('a'))
  for (const [fields, detail] of [
    [{ prompt: '' }, '`prompt`: a prompt must not be empty.'],
    [{ agent: 5 }, '`agent`: the name of an agent is expected.'],
    [{ max_budget_usd: 0 }, '`max_budget_usd`: more than 0 is expected.'],
    [{ timeout_seconds: 1e9 }, '`timeout_seconds`: at most 82800 is expected.'],
    [{ metadata: 'm' }, '`metadata`: an object is expected.'],
    [{ priority: 1.5 }, '`priority`: a whole number from -100 to 100 is expected.'],
    [{ push: {} }, '`push.branch`: the name of a branch is expected.'],
  ] as const) {
    const reply = await post('/execute', { ...jobOrder, ...fields })
    expect([reply.status, await reply.json()]).toMatchObject([400, { error: 'invalid request', detail }])
  }
  expect(engine.runs).toEqual([])
})

test('[JB1] an agent that is unknown is 404 with those on offer', async () => {
  const { post, engine } = openJobApp(() => says('a'))
  for (const agent of ['nobody', 'haiku', 'recruiter-triage/opus', '__proto__']) {
    const reply = await post('/execute', { ...jobOrder, agent })
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

test('[CC27] [JB6] a job that names no agent runs by the default one, and is one job with a request that names it', async () => {
  const { post, reached, engine } = openJobApp(() => says('a'))
  const headers = { 'idempotency-key': 'k-2' }
  const reply = await post('/execute', { prompt: 'Проучи' }, { headers })
  const { job_id: id } = (await reply.json()) as { readonly job_id: string }
  expect(reply.status).toBe(202)
  await reached(id, 'completed')
  expect(engine.runs.map(({ request }) => request.agent.name)).toEqual(['recruiter-triage'])
  for (const agent of [null, 'recruiter-triage']) {
    const again = await post('/execute', { prompt: 'Проучи', agent }, { headers })
    expect([again.status, await again.json()]).toMatchObject([202, { job_id: id }])
  }
})

test('[JB6] a request that is sent again with its key is the same job, as it stands', async () => {
  const { submit, post, reached, engine } = openJobApp(() => says('a'))
  const headers = { 'idempotency-key': 'k-1' }
  const id = await submit({}, { headers })
  await reached(id, 'completed')
  const again = await post('/execute', jobOrder, { headers })
  expect([again.status, await again.json()]).toEqual([202, { job_id: id, status: 'completed' }])
  expect(engine.runs).toHaveLength(1)
  const other = await post('/execute', { ...jobOrder, prompt: 'x' }, { headers })
  expect([other.status, await other.json()]).toMatchObject([
    400,
    { code: 'invalid_request', detail: expect.stringContaining('`idempotency-key`') },
  ])
})

test('[JB6] an idempotency key of another form is 400', async () => {
  const { post } = openJobApp(() => says('a'))
  for (const key of ['a b', 'k'.repeat(256), '\u00e9', '']) {
    const reply = await post('/execute', jobOrder, { headers: { 'idempotency-key': key } })
    expect([key, reply.status, await reply.json()]).toMatchObject([
      key,
      400,
      { code: 'invalid_request', detail: '`idempotency-key`: 1 to 255 visible ASCII characters are expected.' },
    ])
  }
})

test('[JB13] [JB14] a callback or a push that may not be is 400 that names the field', async () => {
  const { post, engine } = openJobApp(() => says('a'), {
    callbackProblem: (url) => (url === 'http://10.0.0.1/' ? 'its address is not a public one' : undefined),
    pushProblem: (branch) => (branch === 'main' ? 'this branch may not be pushed to' : undefined),
  })
  for (const [fields, detail] of [
    [{ callback_url: 'http://10.0.0.1/' }, '`callback_url`: its address is not a public one.'],
    [{ push: { branch: 'main' } }, '`push.branch`: this branch may not be pushed to.'],
    [
      { agent: 'conversational', push: { branch: 'b' } },
      '`push`: the agent conversational has no tools and so no work to push.',
    ],
  ] as const) {
    const reply = await post('/execute', { ...jobOrder, ...fields })
    expect([reply.status, await reply.json()]).toMatchObject([400, { code: 'invalid_request', detail }])
  }
  expect(engine.runs).toEqual([])
})

test('[JB14] what is pushed is told', async () => {
  const { submit, look, reached } = openJobApp(() => says('a'))
  const id = await submit({ push: { branch: 'agents/работа' }, callback_url: 'https://example.com/' })
  await reached(id, 'completed')
  expect(await look(id)).toMatchObject({ pushed: { branch: 'agents/работа', commit: 'c0ffee' } })
})

test('[JB2] an id that is unknown is 404', async () => {
  const { request } = openJobApp(() => [])
  for (const id of ['job_1', '__proto__', '%2e%2ex', 'ж', '%zz', '%00', `job_${'0'.repeat(32)}`]) {
    for (const path of [`/jobs/${id}`, `/jobs/${id}/patch`, `/jobs/${id}/events`]) {
      const reply = await request(path)
      expect([path, reply.status, await reply.json()]).toMatchObject([path, 404, { error: 'not found' }])
    }
    expect((await request(`/jobs/${id}`, { method: 'DELETE' })).status).toBe(404)
  }
})

test('[ER1] a job takes GET and DELETE and nothing else', async () => {
  const { request } = openJobApp(() => [])
  for (const method of ['POST', 'PUT', 'PATCH', 'OPTIONS']) {
    const reply = await request('/jobs/job_1', { method })
    expect([method, reply.status, reply.headers.get('allow')]).toEqual([method, 405, 'GET, DELETE'])
  }
})

test('[AU3] a job is there for the key that gave it, and for no other', async () => {
  const gate = Promise.withResolvers<void>()
  const { post, request, reached, engine } = openJobApp(({ tenant }) => [gate.promise, ...says(`for ${tenant}`)])
  const idOf = async (reply: Response): Promise<string> => ((await reply.json()) as { readonly job_id: string }).job_id
  const [mine, theirs] = [
    await idOf(await post('/execute', jobOrder)),
    await idOf(await post('/execute', jobOrder, OTHER)),
  ]
  await Promise.all([reached(mine, 'running'), reached(theirs, 'running')])
  expect(engine.runs.map((run) => run.request.tenant)).toEqual([TENANT, 'other'])
  const look = async (path: string, init?: RequestInit): Promise<unknown> => {
    const reply = await request(path, init)
    return [reply.status, await reply.json()]
  }
  const unknown = await look('/jobs/job_1')
  expect(unknown).toMatchObject([404, { error: 'not found' }])
  // As little as of a job that never was, whatever it is doing.
  const expectOwn = async (): Promise<void> => {
    for (const rest of ['', '/patch', '/events']) expect(await look(`/jobs/${mine}${rest}`, OTHER)).toEqual(unknown)
    expect(await look(`/jobs/${mine}`, { ...OTHER, method: 'DELETE' })).toEqual(unknown)
    expect(await look(`/jobs/${theirs}`)).toStrictEqual(unknown)
    expect(await look(`/jobs/${mine}`)).toMatchObject([200, { job_id: mine }])
    expect(await look(`/jobs/${theirs}`, OTHER)).toMatchObject([200, { job_id: theirs }])
  }
  await expectOwn()
  gate.resolve()
  await Promise.all([reached(mine, 'completed'), reached(theirs, 'completed')])
  await expectOwn()
  expect(await look(`/jobs/${mine}`)).toMatchObject([200, { output: `for ${TENANT}` }])
})

test('[AU3] a job as it is told does not tell whose it is', async () => {
  const { submit, look } = openJobApp(() => [forever()])
  expect(await look(await submit())).not.toHaveProperty('tenant')
})

test('[AD2] a job that finds the queue full is 429 with the time to wait; requests have a line of their own', async () => {
  const { submit, post, observer, reached, admission } = openJobApp(() => [forever()], { capacity: 1, maxQueued: 1 })
  await reached(await submit(), 'running')
  await submit()
  const reply = await post('/execute', jobOrder)
  expect([reply.status, reply.headers.get('retry-after'), reply.headers.get('x-should-retry')]).toEqual([
    429,
    '1',
    null,
  ])
  expect(await reply.json()).toMatchObject({
    error: 'queue full',
    detail: 'The server is busy and its queue is full. Try again later.',
  })
  expect(observer.of('request-failed').map(({ code }) => code)).toEqual(['job_queue_full'])
  expect(admission.refusalOf({ tenant: 'default', kind: 'chat' })).toBeUndefined()
})

test('[JB15] a job that asks for more time or money than the operator allows is 400 with the field and the ceiling', async () => {
  const { post, jobStore } = openJobApp(() => [forever()], { jobCeilings: { timeoutMs: 600_000, budgetUsd: 1.5 } })
  const refusal = async (fields: object) => {
    const reply = await post('/execute', { ...jobOrder, ...fields })
    return [reply.status, ((await reply.json()) as { readonly detail?: unknown }).detail]
  }
  expect(await refusal({ timeout_seconds: 600.5 })).toEqual([
    400,
    '`timeout_seconds`: at most 600 is allowed by the operator of this server.',
  ])
  expect(await refusal({ max_budget_usd: 1.51 })).toEqual([
    400,
    '`max_budget_usd`: at most 1.5 is allowed by the operator of this server.',
  ])
  expect((await jobStore.list('default', {}, { limit: 10 })).items).toEqual([])
  expect(await refusal({ timeout_seconds: 600, max_budget_usd: 1.5 })).toEqual([202, undefined])
})

test('[JB16] a job that asks for nothing has the default, at most the ceiling', async () => {
  const low = openJobApp(() => [forever()], { jobCeilings: { timeoutMs: 600_000, budgetUsd: 1.5 } })
  await low.submit({ timeout_seconds: null, max_budget_usd: null })
  const open = openJobApp(() => [forever()])
  await open.submit({ timeout_seconds: null, max_budget_usd: null })
  const listed = async ({ jobStore }: typeof low) => (await jobStore.list('default', {}, { limit: 1 })).items[0]
  expect(await listed(low)).toMatchObject({ timeoutMs: 600_000, budgetUsd: 1.5 })
  expect(await listed(open)).toMatchObject({ timeoutMs: 900_000, budgetUsd: 2 })
})

test('[JB4] jobs and requests wait for one another', async () => {
  const gate = Promise.withResolvers<void>()
  const { submit, chat, look, engine, admission, reached } = openJobApp(
    (_, index) => (index === 0 ? [gate.promise, ...says('a')] : says('b')),
    { capacity: 1 },
  )
  const id = await submit()
  await engine.started(0)
  const reply = chat()
  await expect.poll(() => admission.queued).toBeGreaterThan(0)
  expect(engine.runs).toHaveLength(1)
  gate.resolve()
  expect((await reply).status).toBe(200)
  await reached(id, 'completed')
  expect(await look(id)).toMatchObject({ status: 'completed', output: 'a' })
})

test('[CA1] a job goes on when its caller is gone', async () => {
  const gate = Promise.withResolvers<void>()
  const { post, engine, look, reached } = openJobApp(() => [gate.promise, ...says('a')])
  const leaving = new AbortController()
  const reply = await post('/execute', jobOrder, { signal: leaving.signal })
  const { job_id: id } = (await reply.json()) as { readonly job_id: string }
  await engine.started(0)
  leaving.abort(new Error('gone'))
  gate.resolve()
  await reached(id, 'completed')
  expect(await look(id)).toMatchObject({ output: 'a' })
})

test('[JB12] a job that is deleted is cancelled and stays to be looked up; one that was over stays as it was', async () => {
  const { submit, request, look, engine, reached } = openJobApp((_, index) => (index === 0 ? [forever()] : says('a')))
  const id = await submit()
  const run = await engine.started(0)
  const reply = await request(`/jobs/${id}`, { method: 'DELETE' })
  expect([reply.status, await reply.json()]).toMatchObject([200, { job_id: id, status: 'cancelled', output: null }])
  await run.ended
  expect(await look(id)).toMatchObject({ status: 'cancelled', finished_at: expect.any(String) })
  expect(await (await request(`/jobs/${id}`, { method: 'DELETE' })).json()).toMatchObject({ status: 'cancelled' })
  const done = await submit()
  await reached(done, 'completed')
  expect(await (await request(`/jobs/${done}`, { method: 'DELETE' })).json()).toMatchObject({
    status: 'completed',
    output: 'a',
  })
})

test('[JB14] a patch is its bytes, or 404 where there is none', async () => {
  const patch = Uint8Array.from([0xff, 0, 0x0a, 0xc3])
  let changes = async () => ({ patch, commits: [] })
  const { submit, request, reached } = openJobApp(() => says('a'), { workspaces: { changes: () => changes() } })
  const id = await submit()
  await reached(id, 'completed')
  const reply = await request(`/jobs/${id}/patch`)
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/x-diff; charset=utf-8'])
  expect(new Uint8Array(await reply.arrayBuffer())).toEqual(patch)
  changes = async () => ({ patch: new Uint8Array(0), commits: [] })
  const none = await submit()
  await reached(none, 'completed')
  const missing = await request(`/jobs/${none}/patch`)
  expect([missing.status, await missing.json()]).toMatchObject([
    404,
    { code: 'not_found', detail: 'The job has no patch.' },
  ])
})
