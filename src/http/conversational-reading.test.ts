import { expect, test } from 'vitest'
import { openApp, OTHER, START_MS } from '../../test/support/open-app.ts'
import { end, text } from '../../test/support/scripted-engine.ts'
import { NO_USAGE } from '../core/index.ts'

interface List {
  readonly conversations: readonly { readonly session_id: string }[]
  readonly next: string | null
}

const open = () => {
  const opened = openApp(() => [text('yes'), end('yes', { costUsd: 0.5, usage: { ...NO_USAGE, outputTokens: 1 } })])
  const say = (session_id: string, message = 'a', init: RequestInit = {}) =>
    opened.post('/v1/conversational', { session_id, message }, init)
  const look = (id: string, init: RequestInit = {}) =>
    opened.request(`/v1/conversational/${encodeURIComponent(id)}`, init)
  const list = async (query = '', init: RequestInit = {}): Promise<List> =>
    (await (await opened.request(`/v1/conversational${query}`, init)).json()) as List
  return { ...opened, say, look, list }
}

const idsOf = ({ conversations }: List) => conversations.map(({ session_id }) => session_id)

test('[CV9] a conversation tells its messages, their times, and what answered them', async () => {
  const { say, look, clock } = open()
  await say('разговор 🙂', 'Здравей')
  await clock.advance(5000)
  await say('разговор 🙂', 'b')
  const at = new Date(START_MS).toISOString()
  const later = new Date(START_MS + 5000).toISOString()
  const answer = {
    role: 'assistant',
    content: 'yes',
    interrupted: false,
    agent: 'conversational',
    model: 'sonnet',
    usage: { input_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0, output_tokens: 1, reasoning_tokens: 0 },
    cost_usd: 0.5,
  }
  const reply = await look('разговор 🙂')
  expect([reply.status, await reply.json()]).toStrictEqual([
    200,
    {
      session_id: 'разговор 🙂',
      created_at: at,
      updated_at: later,
      agent: 'conversational',
      model: 'sonnet',
      messages: [
        { role: 'user', content: 'Здравей', at },
        { ...answer, at },
        { role: 'user', content: 'b', at: later },
        { ...answer, at: later },
      ],
    },
  ])
})

test.each(['a/b', '..', '.', '%', '\0', '?a=b#c', '🙂', '__proto__', 'Ж'.repeat(255), 'a b', 'a+b'])(
  '[CV9] the conversation %j can be looked at by its name as a parameter, and in the path where that is possible',
  async (id) => {
    const { say, look, request } = open()
    await say(id)
    await say('other')
    const asParameter = `session_id=${encodeURIComponent(id)}`
    for (const path of [`/v1/conversational?${asParameter}`, `/v1/conversational/x?${asParameter}`])
      expect(await (await request(path)).json()).toMatchObject({ session_id: id })
    if (id !== '.' && id !== '..') expect(await (await look(id)).json()).toMatchObject({ session_id: id })
  },
)

test('[AU3] [CV9] one that is not there, or is another’s, is 404', async () => {
  const { say, look, request } = open()
  await say('s')
  const none = { error: 'not found', detail: 'There is no such conversation.', code: 'not_found' }
  for (const reply of [
    await look('nobody’s'),
    await look('s', OTHER),
    await request('/v1/conversational?session_id=s', OTHER),
    await request('/v1/conversational?session_id='),
    await request('/v1/conversational/'),
  ])
    expect([reply.status, await reply.json()]).toEqual([404, none])
  expect((await request('/v1/conversational/%zz')).status).toBe(404)
})

test('[CV2] a name that no session can have is 404, and the store is not asked', async () => {
  const { request, store } = open()
  const asked = () => Promise.reject(new Error('asked'))
  Object.assign(store, { get: asked, claim: asked })
  for (const id of ['x'.repeat(257), '🙂'.repeat(257), 'y'.repeat(8000)])
    for (const method of ['GET', 'DELETE'])
      for (const path of [`/${encodeURIComponent(id)}`, `?session_id=${encodeURIComponent(id)}`])
        expect([method, (await request(`/v1/conversational${path}`, { method })).status]).toEqual([method, 404])
})

test('[CV10] the list has the newest turn first, part by part', async () => {
  const { say, list, clock } = open()
  expect(await list()).toStrictEqual({ conversations: [], next: null })
  for (const id of ['a', 'b', '🙂']) {
    await say(id)
    await clock.advance(1000)
  }
  await say('a', 'again')
  const whole = await list()
  expect(idsOf(whole)).toEqual(['a', '🙂', 'b'])
  expect(whole.conversations[0]).toStrictEqual({
    session_id: 'a',
    created_at: new Date(START_MS).toISOString(),
    updated_at: new Date(START_MS + 3000).toISOString(),
    turns: 2,
    agent: 'conversational',
    model: 'sonnet',
  })
  const first = await list('?limit=2')
  expect(idsOf(first)).toEqual(['a', '🙂'])
  const second = await list(`?limit=2&after=${encodeURIComponent(first.next ?? '')}`)
  expect([idsOf(second), second.next]).toEqual([['b'], null])
  expect(idsOf(await list('?after=nonsense'))).toEqual(['a', '🙂', 'b'])
})

test('[CV10] a part has 50 where no number is asked for, and 200 at most', { timeout: 20_000 }, async () => {
  const { say, list } = open()
  for (let index = 0; index < 201; index++) await say(`s${index}`)
  const counts = await Promise.all(['', '?limit=1', '?limit=200'].map(async (query) => idsOf(await list(query)).length))
  expect(counts).toEqual([50, 1, 200])
})

test.each(['0', '201', '-1', 'x', '', '1.5'])('[CV10] limit=%s is 400 that names it', async (limit) => {
  const { request } = open()
  const reply = await request(`/v1/conversational?limit=${limit}`)
  expect([reply.status, await reply.json()]).toMatchObject([
    400,
    { error: 'invalid request', code: 'invalid_request', detail: expect.stringMatching(/^`limit`: /) },
  ])
})

test('[AU1] [AU3] [CV10] a list has the conversations of the key that asks for it', async () => {
  const { say, list, app, clock } = open()
  await say('mine')
  await clock.advance(1)
  await say('theirs', 'a', OTHER)
  expect(idsOf(await list())).toEqual(['mine'])
  expect(idsOf(await list('', OTHER))).toEqual(['theirs'])
  for (const path of ['/v1/conversational', '/v1/conversational/mine'])
    expect((await app.request(path)).status).toBe(401)
})

test('[CV15] a store that cannot be read is 503, told in safe words', async () => {
  const { request, store, observer } = open()
  const down = () => Promise.reject(new Error('secret host'))
  Object.assign(store, { get: down, list: down, claim: down })
  for (const reply of [
    await request('/v1/conversational'),
    await request('/v1/conversational/s'),
    await request('/v1/conversational/s', { method: 'DELETE' }),
  ]) {
    const body = await reply.text()
    expect([reply.status, JSON.parse(body)]).toMatchObject([
      503,
      { error: 'execution failed', code: 'store_unavailable' },
    ])
    expect(body).not.toContain('secret')
  }
  expect(observer.of('request-failed')).toHaveLength(3)
})
