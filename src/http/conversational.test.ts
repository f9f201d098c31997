import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openApp, OTHER, TENANT } from '../../test/support/open-app.ts'
import { forever, says, text } from '../../test/support/scripted-engine.ts'
import { takeSlot } from '../../test/support/take-slot.ts'
import { ERRORS, GatewayError, type ErrorCode, type TurnRequest } from '../core/index.ts'

const echo = ({ history }: TurnRequest) => says(`answer to ${history.at(-1)?.text}`)

const open = (...[script = echo, options]: Partial<Parameters<typeof openApp>>) => {
  const opened = openApp(script, options)
  const say = (session_id: unknown, message: unknown, fields: object = {}, init: RequestInit = {}) =>
    opened.post('/v1/conversational', { session_id, message, ...fields }, init)
  const forget = (id: string, init: RequestInit = {}) =>
    opened.request(`/v1/conversational/${encodeURIComponent(id)}`, { ...init, method: 'DELETE' })
  return { ...opened, say, forget }
}

const told = async (reply: Response): Promise<unknown> => [reply.status, await reply.json()]

test('[CV1] a turn is answered under the name of its session', async () => {
  const { say, engine, talker } = open()
  expect(await told(await say('разговор 🙂', 'Здравей'))).toStrictEqual([
    200,
    { session_id: 'разговор 🙂', reply: 'answer to Здравей' },
  ])
  await say('s', 'a', { model: 'haiku' })
  await say('t', 'b', { model: 'gpt-4.1' })
  await say('u', 'c', { model: 'conversational/opus' })
  expect(engine.runs.map(({ request }) => [request.agent, request.model])).toEqual([
    [talker, 'sonnet'],
    [talker, 'haiku'],
    [talker, 'sonnet'],
    [talker, 'opus'],
  ])
  expect(engine.runs[0]?.request).toStrictEqual({
    tenant: TENANT,
    agent: talker,
    model: 'sonnet',
    history: [{ role: 'user', text: 'Здравей' }],
    limits: { firstTokenMs: 60_000, tokenGapMs: 30_000, turnMs: 120_000 },
    watch: expect.any(Object),
  })
})

test('[CV2] what is no session id, no message or no model is 400 that names the field', async () => {
  const { say, engine } = open()
  for (const [reply, field] of [
    [await say('', 'm'), 'session_id'],
    [await say('x'.repeat(257), 'm'), 'session_id'],
    [await say(5, 'm'), 'session_id'],
    [await say('s', ' '), 'message'],
    [await say('s', null), 'message'],
    [await say('s', 'm', { model: '' }), 'model'],
  ] as const) {
    expect(reply.status).toBe(400)
    const { error, detail } = (await reply.json()) as { readonly error: unknown; readonly detail: string }
    expect([error, detail.startsWith(`\`${field}\`: `)]).toEqual(['invalid request', true])
  }
  expect(engine.runs).toEqual([])
})

test('[CV8] an agent with tools is refused before it is run', async () => {
  const { say, engine } = open()
  expect(await told(await say('s', 'm', { model: 'recruiter-triage/opus' }))).toMatchObject([
    400,
    {
      error: 'invalid request',
      detail: '`model`: the agent recruiter-triage has tools; a conversation needs one without.',
    },
  ])
  expect(engine.runs).toEqual([])
})

test('[CC2] a model that is not on offer is 404 in the form of the path', async () => {
  const { say, engine } = open()
  expect(await told(await say('s', 'm', { model: 'claude-9' }))).toMatchObject([
    404,
    { error: 'not found', detail: expect.stringMatching(/^The model `claude-9` does not exist\. On offer: haiku, /) },
  ])
  expect(engine.runs).toEqual([])
})

test.each(Object.keys(ERRORS) as readonly ErrorCode[])(
  '[CV7] a run that fails with %s is told plainly',
  async (code) => {
    const error = new GatewayError(code, 'Не стана.', { retryAfterSeconds: 7 })
    const { say } = open(() => [text('half'), { type: 'turn-failed', error }])
    const reply = await say('s', 'm')
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([ERRORS[code].status, '7'])
    expect(await reply.json()).toMatchObject({ error: expect.any(String), detail: 'Не стана.' })
  },
)

test.each(['cli_failed', 'cli_unavailable', 'cli_not_logged_in', 'timeout', 'overloaded', 'upstream_failed'] as const)(
  '[CV7] a run that fails with %s is 503 “execution failed”',
  async (code) => {
    const { say } = open(() => [new GatewayError(code, 'Не стана.')])
    expect(await told(await say('s', 'm'))).toMatchObject([503, { error: 'execution failed', detail: 'Не стана.' }])
  },
)

test('[CV6] a conversation that is forgotten is gone; there is none then', async () => {
  const { say, forget, store } = open()
  await say('s', 'a')
  expect(await told(await forget('s'))).toStrictEqual([200, { session_id: 's', deleted: true }])
  expect(await store.get({ tenant: TENANT, id: 's' })).toBeUndefined()
  expect(await told(await forget('s'))).toMatchObject([404, { error: 'not found' }])
})

test.each([
  ['a/b'],
  ['/'],
  ['//x//'],
  ['../x'],
  ['...'],
  ['a\nb'],
  ['\0'],
  ['%'],
  ['%41'],
  ['%2F'],
  ['%zz'],
  ['?a=b#c'],
  [' '],
  ['a+b'],
  ['*'],
  [':id'],
  ['🙂'],
  ['e\u0301'],
  ['Ж'.repeat(255)],
])('[CV6] the conversation %j can be forgotten by its name in the path', async (id) => {
  const { say, forget } = open()
  await say(id, 'a')
  await say(`${id}x`, 'b')
  expect(await told(await forget(id))).toStrictEqual([200, { session_id: id, deleted: true }])
  expect((await forget(`${id}x`)).status).toBe(200)
})

test('[CV6] any session can be forgotten by its name in the path', async () => {
  const { say, forget } = open()
  // A path takes no segment of one or two dots, however they are written (WHATWG URL, "double-dot URL path segment").
  const id = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 50 })
    .filter((name) => name.isWellFormed() && name !== '.' && name !== '..')
  await fc.assert(
    fc.asyncProperty(id, async (name) => {
      await say(name, 'a')
      expect(await told(await forget(name))).toStrictEqual([200, { session_id: name, deleted: true }])
    }),
  )
})

test('[AU3] two keys see nothing of each other’s conversations under one session id', async () => {
  const { say, forget, engine } = open()
  const heard = (index: number) => engine.runs.at(index)?.request.history.map((message) => message.text)
  await say('s', 'mine')
  await say('s', 'theirs', {}, OTHER)
  expect(heard(-1)).toEqual(['theirs'])
  await say('s', 'mine again')
  expect(heard(-1)).toEqual(['mine', 'answer to mine', 'mine again'])
  await say('s', 'theirs again', {}, OTHER)
  expect(heard(-1)).toEqual(['theirs', 'answer to theirs', 'theirs again'])
  expect(engine.runs.map(({ request }) => request.tenant)).toEqual([TENANT, 'other', TENANT, 'other'])
  expect(await told(await forget('s'))).toStrictEqual([200, { session_id: 's', deleted: true }])
  await say('s', 'theirs still', {}, OTHER)
  expect(heard(-1)).toHaveLength(5)
})

test('[AU3] [CV6] the conversation of another is not there to be forgotten, by path or by parameter', async () => {
  const { say, forget, request, store } = open()
  await say('s', 'mine')
  const none = await told(await forget('nobody’s'))
  expect(none).toMatchObject([404, { error: 'not found', detail: 'There is no such conversation.' }])
  expect(await told(await forget('s', OTHER))).toStrictEqual(none)
  expect(await told(await request('/v1/conversational/x?session_id=s', { ...OTHER, method: 'DELETE' }))).toStrictEqual(
    none,
  )
  expect((await store.get({ tenant: TENANT, id: 's' }))?.turns).toHaveLength(1)
  expect((await forget('s')).status).toBe(200)
})

test('[AU3] [CV3] a turn of one key does not wait for one of another in a session of the same id', async () => {
  const { say, engine } = open((request) => (request.tenant === TENANT ? [forever()] : echo(request)))
  const leaving = new AbortController()
  const slow = say('s', 'mine', {}, { signal: leaving.signal })
  await engine.started(0)
  expect(await told(await say('s', 'theirs', {}, OTHER))).toMatchObject([200, { reply: 'answer to theirs' }])
  leaving.abort(new Error('gone'))
  await slow
})

test('[AD2] a turn that finds the queue full is 503 with the time to wait', async () => {
  const { say, admission } = open(echo, { capacity: 1, maxWaiting: 0 })
  await takeSlot(admission)
  const reply = await say('s', 'm')
  expect([reply.headers.get('retry-after'), await told(reply)]).toMatchObject(['1', [503, { error: 'queue full' }]])
})

test('[CA1] [R56] a caller who leaves has the turn stopped, which is no failure', async () => {
  const { say, engine, admission, observer, store } = open(() => [text('half'), forever()])
  const leaving = new AbortController()
  const reply = say('s', 'm', {}, { signal: leaving.signal })
  const run = await engine.started(0)
  leaving.abort(new Error('gone'))
  await run.ended
  await reply
  expect([admission.active, await store.get({ tenant: TENANT, id: 's' }), observer.of('request-failed')]).toEqual([
    0,
    undefined,
    [],
  ])
  expect(observer.of('request-finished').map(({ left }) => left)).toEqual([true])
})

test('[CA5] when the server stops, the turn under way is told', async () => {
  const { say, engine, stopping } = open(() => [forever()])
  const reply = say('s', 'm')
  await engine.started(0)
  stopping.abort(new GatewayError('shutting_down', 'The server is stopping.'))
  expect(await told(await reply)).toMatchObject([503, { error: 'shutting down', detail: 'The server is stopping.' }])
})

test('[CA4] [R67] a turn that is sent again after its socket died is reported', async () => {
  const { say, engine, observer } = open((request) => (engine.runs.length === 1 ? [forever()] : echo(request)))
  const leaving = new AbortController()
  const died = say('s', 'm', {}, { signal: leaving.signal })
  await engine.started(0)
  leaving.abort(new Error('gone'))
  await died
  expect((await say('s', 'm')).status).toBe(200)
  expect(observer.of('request-retried')).toHaveLength(1)
})
