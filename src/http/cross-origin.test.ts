import { expect, test } from 'vitest'
import { busy, openApp } from '../../test/support/open-app.ts'
import { says } from '../../test/support/scripted-engine.ts'

const ORIGIN = 'https://app.example'
const EXPOSED = 'x-request-id,x-vivavoce-ignored,retry-after,retry-after-ms,x-should-retry'
const from = (origin: string): RequestInit => ({ headers: { origin } })
const preflight = (origin: string, extra: Record<string, string> = {}): RequestInit => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,x-stainless-os',
    ...extra,
  },
})
const corsOf = (reply: Response): Record<string, string> =>
  Object.fromEntries([...reply.headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))

test('[CO1] no origin may call by default, and a preflight needs a key like any request', async () => {
  const { app, chat } = openApp(() => says('a'))
  const asked = await app.request('/v1/chat/completions', preflight(ORIGIN))
  expect([asked.status, corsOf(asked)]).toEqual([401, {}])
  expect(corsOf(await chat({}, from(ORIGIN)))).toEqual({})
})

test('[CO2] a preflight of an origin on the list is answered without a key, on any path', async () => {
  const { app, engine } = openApp(() => says('a'), { corsOrigins: [ORIGIN, 'http://localhost:3000'] })
  for (const path of ['/v1/chat/completions', '/jobs/job_1', '/nowhere']) {
    const reply = await app.request(path, preflight(ORIGIN))
    expect([reply.status, await reply.text(), corsOf(reply)]).toEqual([
      204,
      '',
      {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-methods': 'GET,POST,DELETE',
        'access-control-allow-headers': 'authorization,content-type,x-stainless-os',
        'access-control-expose-headers': EXPOSED,
        'access-control-max-age': '86400',
        vary: 'Origin, Access-Control-Request-Headers',
      },
    ])
  }
  expect(engine.runs).toEqual([])
})

test.each(['https://evil.example', 'https://app.example.evil', 'http://app.example', 'null', ''])(
  '[CO2] an origin that is not on the list, %j, is granted nothing',
  async (origin) => {
    const { app, chat } = openApp(() => says('a'), { corsOrigins: [ORIGIN] })
    for (const reply of [
      await app.request(
        '/v1/chat/completions',
        preflight(origin, { 'access-control-request-private-network': 'true' }),
      ),
      await chat({}, from(origin)),
    ]) {
      expect(reply.headers.has('access-control-allow-origin')).toBe(false)
      expect(reply.headers.has('access-control-allow-private-network')).toBe(false)
    }
  },
)

test('[CO2] with * every origin may call', async () => {
  const { app, chat } = openApp(() => says('a'), { corsOrigins: ['*'] })
  expect(corsOf(await app.request('/execute', preflight('https://any.example')))).toMatchObject({
    'access-control-allow-origin': '*',
  })
  expect(corsOf(await chat({}, from('https://any.example')))).toMatchObject({ 'access-control-allow-origin': '*' })
})

test('[CO3] a page may read every reply, its errors and its exposed headers too', async () => {
  const { app, chat, stream, request, post } = openApp((_, index) => (index === 2 ? [busy] : says('a')), {
    corsOrigins: [ORIGIN],
  })
  const replies = {
    whole: await chat({ seed: 1 }, from(ORIGIN)),
    streamed: await stream({ seed: 1 }, from(ORIGIN)),
    failed: await chat({}, from(ORIGIN)),
    malformed: await chat({ messages: [] }, from(ORIGIN)),
    unknown: await request('/nowhere', from(ORIGIN)),
    wrongMethod: await request('/execute', from(ORIGIN)),
    health: await request('/health', from(ORIGIN)),
    stranger: await app.request('/v1/models', from(ORIGIN)),
    job: await post('/execute', { prompt: 'p' }, from(ORIGIN)),
  }
  for (const reply of Object.values(replies)) {
    expect(corsOf(reply)).toEqual({
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': EXPOSED,
      vary: 'Origin',
    })
    expect(reply.headers.get('x-request-id')).toMatch(/^req_/)
    await reply.text()
  }
  expect(Object.values(replies).map(({ status }) => status)).toEqual([200, 200, 503, 400, 404, 405, 200, 401, 202])
  expect(replies.whole.headers.get('x-vivavoce-ignored')).toBe('seed')
})

test('[CO4] a page of a public site that may call may reach a private address', async () => {
  const { app } = openApp(() => says('a'), { corsOrigins: [ORIGIN] })
  const asking = preflight(ORIGIN, { 'access-control-request-private-network': 'true' })
  const reply = await app.request('/v1/models', asking)
  expect(reply.headers.get('access-control-allow-private-network')).toBe('true')
  const plain = await app.request('/v1/models', preflight(ORIGIN))
  expect(plain.headers.has('access-control-allow-private-network')).toBe(false)
})
