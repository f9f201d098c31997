import { expect, test } from 'vitest'
import { busy, failed, openApp, readChunks, TENANT } from '../../test/support/open-app.ts'
import { end, forever, says, text } from '../../test/support/scripted-engine.ts'
import type { Usage } from '../core/index.ts'

const USAGE: Usage = { inputTokens: 10, cacheReadTokens: 5, cacheWriteTokens: 2, outputTokens: 7, reasoningTokens: 3 }
const AGENT = { tenant: TENANT, agent: 'conversational', model: 'sonnet' }

test('[LG3] a streamed turn is logged with its tokens, its queue time and the time to its first token', async () => {
  const [gate, token] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { stream, engine, clock, observer, background } = openApp(
    (_, index) => (index === 0 ? [gate.promise, ...says('a')] : [token.promise, text('b'), end('b', { usage: USAGE })]),
    { capacity: 1 },
  )
  const [first, second] = [stream(), stream()]
  await engine.started(0)
  await clock.advance(300)
  gate.resolve()
  await (await first).text()
  await engine.started(1)
  await clock.advance(200)
  token.resolve()
  await (await second).text()
  await background.close()
  expect(observer.of('request-finished')[1]).toMatchObject({
    ...AGENT,
    status: 200,
    ms: 500,
    queuedMs: 300,
    firstTokenMs: 500,
    inputTokens: 17,
    cachedTokens: 5,
    outputTokens: 7,
    left: false,
  })
})

test('[LG3] so are a turn that is not streamed and one of a conversation; a request without a turn has none of it', async () => {
  const { chat, post, request, observer, background } = openApp(() => [text('a'), end('a', { usage: USAGE })])
  await chat()
  await post('/v1/conversational', { session_id: 's', message: 'm' })
  await request('/v1/models')
  await background.close()
  const figures = { firstTokenMs: 0, queuedMs: 0, inputTokens: 17, cachedTokens: 5, outputTokens: 7 }
  const [whole, said, models] = observer.of('request-finished')
  expect([whole, said]).toMatchObject([
    { ...AGENT, ...figures },
    { ...AGENT, ...figures },
  ])
  expect(models).toMatchObject({ tenant: TENANT, path: '/v1/models' })
  expect(Object.keys(models ?? {})).not.toContain('agent')
})

test('[LG3] a job that is submitted is logged with its agent and model', async () => {
  const { post, observer } = openApp(() => says('a'))
  expect((await post('/execute', { prompt: 'p', agent: 'recruiter-triage' })).status).toBe(202)
  expect(observer.of('request-finished')).toMatchObject([{ agent: 'recruiter-triage', model: 'sonnet', status: 202 }])
})

test('[LG4] a failure is logged with its code, by status or in the middle of a stream', async () => {
  const { stream, chat, post, observer, background } = openApp((_, index) =>
    index === 0 ? [text('a'), failed(busy)] : [busy],
  )
  await readChunks(await stream()).rest()
  await stream()
  await chat()
  await chat({ messages: [] })
  await post('/v1/conversational', { session_id: 's', message: 'm' })
  await background.close()
  expect(observer.of('request-finished').map(({ status, code }) => [status, code])).toEqual([
    [200, 'overloaded'],
    [503, 'overloaded'],
    [503, 'overloaded'],
    [400, 'invalid_request'],
    [503, 'overloaded'],
  ])
})

test('[LG3] a caller who leaves is logged as one who left, without a failure', async () => {
  const { stream, observer, background } = openApp(() => [text('a'), forever()])
  const leaving = new AbortController()
  const { next } = readChunks(await stream({}, { signal: leaving.signal }))
  await next()
  leaving.abort(new Error('gone'))
  await next()
  await background.close()
  const [finished] = observer.of('request-finished')
  expect([finished?.left, finished?.code, finished?.firstTokenMs]).toEqual([true, undefined, 0])
})

test('[LG1] a request without a key, and what it sent, leave no trace but its path and address', async () => {
  const { request, observer } = openApp(() => says('a'), { clientAddress: () => '203.0.113.9' })
  await request('/v1/models', { headers: { authorization: 'Bearer wrong', 'x-forwarded-for': 'SECRET' } })
  expect(observer.of('request-finished')).toEqual([
    expect.objectContaining({ status: 401, code: 'invalid_api_key', clientAddress: '203.0.113.9' }),
  ])
  expect(JSON.stringify(observer.of('request-finished'))).not.toMatch(/SECRET|wrong|tenant/)
})
