import { expect, test } from 'vitest'
import { KEY, openApp, OTHER, OTHER_KEY, START_MS, TENANT } from '../../test/support/open-app.ts'
import { forever, says, text } from '../../test/support/scripted-engine.ts'
import { GatewayError, type CliState } from '../core/index.ts'

const ROUTES = [
  ['GET', '/health'],
  ['POST', '/v1/chat/completions'],
  ['GET', '/v1/models'],
  ['GET', '/v1/models/haiku'],
  ['GET, POST', '/v1/conversational'],
  ['GET, DELETE', '/v1/conversational/s'],
  ['POST', '/execute'],
  ['GET', '/jobs'],
  ['GET', '/jobs/job_1/patch'],
  ['GET', '/jobs/job_1/events'],
] as const

const UNKNOWN = [
  '/v1',
  '/v1/chat',
  '/v1/chat/completions/',
  '/health/',
  '/HEALTH',
  '/metrics',
  '/jobs/',
  '/jobs/a/b',
  '/execute/x',
  '/ж',
]

const isPlain = (path: string): boolean => /^\/(v1\/conversational|execute|jobs)(\/|$)/.test(path)

/** The message of a failure in the form that its path has, checked to be of that form. */
async function messageOf(response: Response, path: string): Promise<string> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  const body = (await response.json()) as { readonly error: unknown; readonly detail?: unknown }
  if (isPlain(path)) {
    expect(body.error).toBeTypeOf('string')
    return String(body.detail)
  }
  expect(Object.keys(body)).toEqual(['error'])
  expect(Object.keys(body.error as object)).toEqual(['message', 'type', 'param', 'code'])
  return String((body.error as { readonly message: unknown }).message)
}

test('[HE1] health gives the figures to those with a key', async () => {
  const { request, chat, admission } = openApp(() => [forever()], { capacity: 1, maxWaiting: 5 })
  const health = async (): Promise<unknown> => (await request('/health')).json()
  const idle = {
    status: 'ok',
    busy: false,
    active: 0,
    queued: 0,
    capacity: 1,
    background: { active: 0, capacity: 1 },
    version: '1.2.3',
    cli: { version: '2.1.330', path: '/usr/bin/claude' },
  }
  expect(await health()).toStrictEqual(idle)
  const leaving = new AbortController()
  const ask = () => chat({ model: 'recruiter-triage/haiku' }, { signal: leaving.signal })
  const chats = [ask(), ask()]
  await expect.poll(() => admission.queued).toBe(1)
  expect(await health()).toStrictEqual({
    ...idle,
    busy: true,
    active: 1,
    queued: 1,
    background: { active: 1, capacity: 1 },
  })
  leaving.abort(new Error('gone'))
  await Promise.all(chats)
  expect(await health()).toStrictEqual(idle)
})

test('[HE1] health says that a rehearsal is behind it, and only then', async () => {
  const { app } = openApp(() => [], { rehearsal: true })
  expect(await (await app.request('/health')).json()).toMatchObject({ status: 'ok', rehearsal: true })
})

test('[WP14] health shows the processes that are kept, as they are when it is asked', async () => {
  let pool = { size: 3, busy: 1, idle: 2, spares: 1, starting: 0, waiting: 0 }
  const { request } = openApp(() => [], { poolFigures: () => pool })
  const health = async (): Promise<unknown> => (await request('/health')).json()
  expect(await health()).toMatchObject({ status: 'ok', pool })
  pool = { size: 4, busy: 4, idle: 0, spares: 0, starting: 2, waiting: 7 }
  expect(await health()).toMatchObject({ status: 'ok', busy: false, pool })
})

const verifying: CliState = {
  status: 'verifying',
  reason: 'start',
  path: '/usr/bin/claude',
  sinceMs: START_MS,
  attempt: 2,
  problem: 'SECRET-PROBLEM',
}

test.each([
  ['/v1/chat/completions', { error: { code: 'starting', type: 'server_error' } }],
  ['/v1/conversational', { error: 'starting', code: 'starting' }],
  ['/execute', { error: 'starting', code: 'starting' }],
])('[SU2] while the CLI is verified, %s is 503 `starting`, and may be tried again', async (path, body) => {
  const { post, request } = openApp(() => [], { cliState: () => verifying })
  const refused = await post(path, {})
  expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('x-should-retry')]).toEqual([
    503,
    '5',
    null,
  ])
  expect(await refused.json()).toMatchObject(body)
  expect((await request(path, { method: 'POST', headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
})

test('[SU2] while the CLI is verified, requests that do not need it are served', async () => {
  const { request } = openApp(() => [], { cliState: () => verifying })
  for (const path of ['/v1/models', '/jobs', '/v1/conversational'])
    expect([path, (await request(path)).status]).toEqual([path, 200])
})

test('[SU3] health is 503 with the status `starting` while the CLI is verified, and does not say what went wrong', async () => {
  const { app } = openApp(() => [], { cliState: () => verifying })
  expect((await app.request('/health')).status).toBe(503)
  const known = { headers: { authorization: `Bearer ${KEY}` } }
  const health = await app.request('/health', known)
  expect(health.status).toBe(503)
  expect(await health.json()).toMatchObject({
    status: 'starting',
    cli: {
      status: 'verifying',
      reason: 'start',
      path: '/usr/bin/claude',
      attempt: 2,
      since: '2023-11-14T22:13:20.000Z',
    },
  })
  expect(JSON.stringify(await (await app.request('/health', known)).json())).not.toContain('SECRET')
})

test('[HE1] [SU4] health names the capabilities that are missing, and a new version that is verified', async () => {
  const missing = [{ capability: 'tools', status: 'missing', cost: 'Requests with `tools` fail.' }] as const
  const state: CliState = { status: 'ready', version: '2.1.330', path: '/usr/bin/claude', missing }
  const { request } = openApp(() => [], {
    cliState: () => ({ ...state, replacement: { ...verifying, reason: 'replaced' } }),
  })
  const health = await request('/health')
  expect(health.status).toBe(200)
  expect(await health.json()).toMatchObject({
    status: 'ok',
    cli: { version: '2.1.330', missing, replacement: { status: 'verifying', reason: 'replaced', attempt: 2 } },
  })
})

test('[HE4] without a key, or with a wrong one, health says whether the server is ready, whether it is busy, and its version', async () => {
  const { app, request, chat, admission } = openApp(() => [forever()], {
    capacity: 1,
    poolFigures: () => ({ size: 3, busy: 1, idle: 2, spares: 1, starting: 0, waiting: 0 }),
  })
  const health = async (): Promise<readonly unknown[]> => {
    const replies = [
      await app.request('/health'),
      await request('/health', { headers: { authorization: 'Bearer wrong' } }),
      await app.request('/health', { headers: { 'x-api-key': 'wrong' } }),
    ]
    return await Promise.all(replies.map(async (reply) => [reply.status, await reply.json()]))
  }
  const idle = [200, { status: 'ok', busy: false, version: '1.2.3' }]
  expect(await health()).toStrictEqual([idle, idle, idle])
  const leaving = new AbortController()
  const chats = chat({}, { signal: leaving.signal })
  await expect.poll(() => admission.active).toBe(1)
  const busy = [200, { status: 'ok', busy: true, version: '1.2.3' }]
  expect(await health()).toStrictEqual([busy, busy, busy])
  leaving.abort(new Error('gone'))
  await chats
})

const WRONG = { headers: { authorization: 'Bearer wrong' } }

test('[AU6] an address that presents too many wrong keys gets 429, and its right keys are served', async () => {
  const { app, request, observer, clock } = openApp(() => [], { clientAddress: () => '192.0.2.7' })
  for (let key = 0; key < 20; key++) expect((await request('/v1/models', WRONG)).status).toBe(401)
  await clock.advance(15_000)
  const refused = await request('/jobs', WRONG)
  expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('x-should-retry')]).toEqual([
    429,
    '45',
    'false',
  ])
  expect(await refused.json()).toMatchObject({ code: 'too_many_wrong_keys' })
  expect((await request('/v1/models')).status).toBe(200)
  // Whoever presents none has not guessed.
  expect((await app.request('/v1/models')).status).toBe(401)
  expect(observer.of('key-refused')).toHaveLength(21)
  await request('/v1/models', WRONG)
  const seen = observer.of('key-refused')
  expect(seen).toHaveLength(21)
  expect(seen.at(-1)).toMatchObject({ clientAddress: '192.0.2.7', isLimited: true })
  expect(JSON.stringify(seen)).not.toContain('wrong')
  await clock.advance(45_000)
  expect((await request('/v1/models', WRONG)).status).toBe(401)
})

test('[AU6] a wrong key for health counts like any other', async () => {
  const { request } = openApp(() => [], { clientAddress: () => '192.0.2.7' })
  for (let key = 0; key < 25; key++) expect((await request('/health', WRONG)).status).toBe(200)
  expect((await request('/v1/models', WRONG)).status).toBe(429)
})

test.each([
  ...ROUTES.slice(1).flatMap(([methods, path]) => methods.split(', ').map((method) => [method, path] as const)),
  ...ROUTES.map(([, path]) => ['PATCH', path] as const),
  ...UNKNOWN.map((path) => ['GET', path] as const),
  ['OPTIONS', '/v1/chat/completions'] as const,
  ['POST', '/health'] as const,
])('[AU1] %s %s without the key is 401', async (method, path) => {
  const { app, engine } = openApp(() => says('a'))
  const body = method === 'POST' ? { body: '{"messages":[{"role":"user","content":"a"}]}' } : {}
  for (const headers of [
    {},
    { authorization: '' },
    { authorization: 'Bearer ' },
    { authorization: `Basic ${KEY}` },
    { authorization: `Bearer ${KEY}x` },
    { 'x-api-key': `${KEY}x` },
    { 'api-key': '' },
  ]) {
    const response = await app.request(path, { method, headers, ...body })
    expect([headers, response.status]).toEqual([headers, 401])
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await messageOf(response, path)).toMatch(
      /Send (it|the key of this server) as `Authorization: Bearer KEY`\.$/,
    )
  }
  expect(engine.runs).toEqual([])
})

test('[AU1] [R58] a refusal tells apart a key that is missing and one that is wrong, and repeats none', async () => {
  const { app } = openApp(() => [])
  const of = async (headers: Record<string, string>): Promise<unknown> =>
    (await app.request('/v1/models', { headers })).json()
  expect(await of({})).toEqual({
    error: {
      message: 'No API key was presented. Send it as `Authorization: Bearer KEY`.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_api_key',
    },
  })
  expect(await of({ authorization: 'Bearer secret-guess' })).toEqual({
    error: {
      message: 'The API key is wrong. Send the key of this server as `Authorization: Bearer KEY`.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_api_key',
    },
  })
})

test.each(['x-api-key', 'api-key', 'X-API-Key'])(
  '[AU4] [AU3] [AU5] the key in `%s` lets in, as its tenant',
  async (name) => {
    const { app, engine } = openApp(() => says('a'))
    const ask = async (headers: Record<string, string>): Promise<number> => {
      const body = JSON.stringify({ messages: [{ role: 'user', content: 'a' }] })
      return (await app.request('/v1/chat/completions', { method: 'POST', headers, body })).status
    }
    expect(await ask({ [name]: KEY })).toBe(200)
    expect(await ask({ [name]: OTHER_KEY, authorization: 'Bearer dummy' })).toBe(200)
    expect(await ask({ [name]: OTHER_KEY, authorization: `Bearer ${KEY}` })).toBe(401)
    expect(engine.runs.map(({ request }) => request.tenant)).toEqual(['default', 'other'])
  },
)

test('[AU1] [R2] the key lets in', async () => {
  const { request } = openApp(() => [])
  expect((await request('/v1/models')).status).toBe(200)
  expect((await request('/v1/models', { headers: { authorization: `bearer  ${KEY}` } })).status).toBe(200)
  expect((await request('/v1/models', OTHER)).status).toBe(200)
})

test.each(UNKNOWN)('[ER1] [R57] the unknown path %s is 404', async (path) => {
  const { request } = openApp(() => [])
  for (const method of ['GET', 'POST', 'DELETE']) {
    const response = await request(path, { method })
    expect([method, response.status, response.headers.get('allow')]).toEqual([method, 404, null])
    expect(await messageOf(response, path)).toMatch(/^There is no path `\/[^`]*`\./)
  }
})

test.each(ROUTES)('[ER1] [R57] a path that takes %s, %s, is 405 for any other method', async (allowed, path) => {
  const { request } = openApp(() => [])
  const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((method) => !allowed.includes(method))
  for (const method of others) {
    const response = await request(path, { method })
    expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, allowed])
    expect(await messageOf(response, path)).toBe(`This path takes ${allowed} only.`)
  }
})

test.each([
  ['DELETE', '/v1/conversational/%zz'],
  ['GET', '/v1/models/%E0%A4%A'],
])('[ER1] a percent sign that encodes nothing is 404: %s %s', async (method, path) => {
  const { request } = openApp(() => [])
  expect((await request(path, { method })).status).toBe(404)
})

test('[AD1] [CA2] a stream that is left before it is read gives its place back', async () => {
  const { chat, admission } = openApp(() => [text('a'), forever()])
  const leaver = new AbortController()
  const response = await chat({ stream: true }, { signal: leaver.signal })
  leaver.abort()
  await response.body?.cancel()
  await expect.poll(() => admission.active).toBe(0)
})

test('[ER1] a job or a conversation that is not there is 404 in the form of its path', async () => {
  const { request } = openApp(() => [])
  const job = await request('/jobs/job_1')
  expect([job.status, await job.json()]).toMatchObject([
    404,
    { error: 'not found', detail: 'There is no such job; finished jobs are kept for a limited time.' },
  ])
  const conversation = await request('/v1/conversational/s', { method: 'DELETE' })
  expect([conversation.status, await conversation.json()]).toMatchObject([
    404,
    { error: 'not found', detail: 'There is no such conversation.' },
  ])
})

test.each(['/v1/chat/completions', '/v1/conversational', '/execute'])(
  '[CC4] [R57] a body of %s that is no JSON is refused in words',
  async (path) => {
    const { post, request, engine } = openApp(() => says('a'))
    for (const body of ['{"messages":', 'messages=1', "{'a':1}", '{"a":1}x', 'NaN']) {
      const response = await post(path, body)
      expect([body, response.status]).toEqual([body, 400])
      expect(await messageOf(response, path)).toBe('The body is not valid JSON.')
    }
    for (const response of [await post(path, ''), await post(path, ' \n'), await request(path, { method: 'POST' })]) {
      expect(response.status).toBe(400)
      expect(await messageOf(response, path)).toBe('The body is empty; a JSON object is expected.')
    }
    expect(engine.runs).toEqual([])
  },
)

test.each(['/v1/chat/completions', '/v1/conversational', '/execute'])(
  '[ER9] [R12] a body of %s over the limit is 413, one at the limit is read',
  async (path) => {
    const limit = 1024 * 1024
    const { post, engine } = openApp(() => says('a'), { maxBodyBytes: limit })
    for (const init of [{}, { headers: { 'content-length': String(limit + 1) } }]) {
      const response = await post(path, 'x'.repeat(limit + 1), init)
      expect([response.status, response.headers.get('x-should-retry')]).toEqual([413, 'false'])
      expect(await messageOf(response, path)).toBe('The body is larger than 1 MiB.')
    }
    // Bytes count, not characters.
    expect((await post(path, 'Ж'.repeat(limit / 2 + 1))).status).toBe(413)
    expect((await post(path, 'x'.repeat(limit))).status).toBe(400)
    expect(engine.runs).toEqual([])
  },
)

test('[HE2] [R71] every reply has an id of its own, which is reported', async () => {
  const { app, request, chat, post, observer } = openApp(({ history }) =>
    history[0]?.text === 'fail' ? [new GatewayError('overloaded', 'Busy.')] : says('a'),
  )
  const streamed = await chat({ stream: true })
  await streamed.text()
  const replies = [
    streamed,
    await app.request('/health'),
    await app.request('/v1/models'),
    await request('/v1/models'),
    await request('/nowhere'),
    await request('/v1/models', { method: 'POST' }),
    await chat(),
    await chat({ messages: [] }),
    await chat({ messages: [{ role: 'user', content: 'fail' }] }),
    await post('/execute', { prompt: 'p', agent: 'recruiter-triage' }),
  ]
  const ids = replies.map((reply) => reply.headers.get('x-request-id'))
  for (const id of ids) expect(id).toMatch(/^req_[0-9a-f]{32}$/)
  expect(new Set(ids).size).toBe(replies.length)
  const finished = observer.of('request-finished')
  expect(finished.map(({ requestId }) => requestId)).toEqual(ids)
  expect(finished.map(({ status }) => status)).toEqual([200, 200, 401, 200, 404, 405, 200, 400, 503, 202])
  expect(finished[5]).toEqual({
    type: 'request-finished',
    requestId: ids[5],
    method: 'POST',
    path: '/v1/models',
    tenant: TENANT,
    status: 405,
    ms: 0,
    left: false,
  })
  expect(observer.of('request-failed').map(({ requestId, code }) => [requestId, code])).toEqual([
    [ids[2], 'invalid_api_key'],
    [ids[7], 'invalid_request'],
    [ids[8], 'overloaded'],
  ])
})

test('[HE2] an id that the caller sends is not taken over', async () => {
  const { request } = openApp(() => [])
  const response = await request('/v1/models', { headers: { 'x-request-id': 'mine' } })
  expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/)
})

test('[HE2] how long a request took is told by the clock', async () => {
  const gate = Promise.withResolvers<void>()
  const { chat, engine, clock, observer } = openApp(() => [gate.promise, ...says('a')])
  const reply = chat()
  await engine.started(0)
  await clock.advance(1234)
  gate.resolve()
  await reply
  expect(observer.of('request-finished')).toMatchObject([{ ms: 1234, status: 200, left: false }])
})

test('[LG1] names of sessions and jobs are not reported', async () => {
  const { request, post, observer } = openApp(() => says('secret answer'))
  await post('/v1/conversational', { session_id: 'secret', message: 'secret message' })
  await request('/v1/conversational/secret', { method: 'DELETE' })
  await request('/v1/conversational/secret%2Fname', { method: 'GET' })
  await request('/jobs/secret')
  await request('/jobs/secret/events')
  expect(observer.of('request-finished').map(({ path }) => path)).toEqual([
    '/v1/conversational',
    '/v1/conversational/{session_id}',
    '/v1/conversational/{session_id}',
    '/jobs/{id}',
    '/jobs/{id}/events',
  ])
  expect(JSON.stringify(observer.seen)).not.toContain('secret')
})

test('[CA5] a server that stops takes no more requests and says why, but tells its health', async () => {
  const { app, request, stopping, post } = openApp(() => says('a'))
  stopping.abort(new GatewayError('shutting_down', 'The server is stopping.'))
  const models = await request('/v1/models')
  expect([models.status, await models.json()]).toEqual([
    503,
    { error: { message: 'The server is stopping.', type: 'server_error', param: null, code: 'shutting_down' } },
  ])
  const job = await post('/execute', { prompt: 'p', agent: 'recruiter-triage' })
  expect([job.status, await job.json()]).toMatchObject([
    503,
    { error: 'shutting down', detail: 'The server is stopping.' },
  ])
  expect((await app.request('/health')).status).toBe(200)
})

test('[MD1] [R1] models are listed first, then agent/model for each agent', async () => {
  const { request } = openApp(() => [])
  const created = START_MS / 1000
  expect(await (await request('/v1/models?limit=5')).json()).toEqual({
    object: 'list',
    data: [
      'haiku',
      'sonnet',
      'opus',
      'conversational/haiku',
      'conversational/sonnet',
      'conversational/opus',
      'recruiter-triage/haiku',
      'recruiter-triage/sonnet',
      'recruiter-triage/opus',
    ].map((id) => ({ id, object: 'model', created, owned_by: 'vivavoce' })),
  })
})

test('[MD9] aliases that are names are listed behind the models', async () => {
  const { request } = openApp(() => [], {
    catalogue: {
      models: ['haiku'],
      defaultModel: 'haiku',
      aliases: ['fast', 'gpt-*'].map((pattern) => ({ pattern, target: 'haiku' })),
      agents: [{ name: 'conversational', description: 'd', prompt: 'p', tools: [] }],
    },
  })
  const { data } = (await (await request('/v1/models')).json()) as { readonly data: readonly { readonly id: string }[] }
  expect(data.map(({ id }) => id)).toEqual(['haiku', 'conversational/haiku', 'fast'])
})

test.each([
  ['haiku', 'haiku'],
  ['recruiter-triage/opus', 'recruiter-triage/opus'],
  ['recruiter-triage%2Fopus', 'recruiter-triage/opus'],
  ['gpt-4.1', 'sonnet'],
  ['conversational/gpt-4.1', 'conversational/sonnet'],
])('[MD1] [R1] the model %s is answered as %s', async (path, id) => {
  const { request } = openApp(() => [])
  const response = await request(`/v1/models/${path}`)
  expect([response.status, await response.json()]).toMatchObject([200, { id, object: 'model' }])
})

test.each([
  ['claude', 'claude'],
  ['conversational', 'conversational'],
  ['nobody/haiku', 'nobody/haiku'],
  ['%D0%B6%20%F0%9F%99%82', 'ж 🙂'],
])('[MD1] [R9] the model %s is not on offer', async (path, name) => {
  const { request } = openApp(() => [])
  const response = await request(`/v1/models/${path}`)
  expect(response.status).toBe(404)
  const { error } = (await response.json()) as { readonly error: { readonly message: string; readonly code: string } }
  expect(error.code).toBe('model_not_found')
  expect(error.message.startsWith(`The model \`${name}\` does not exist. On offer: haiku, sonnet, opus, `)).toBe(true)
})
