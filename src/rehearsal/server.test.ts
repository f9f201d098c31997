import { request as httpRequest } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Rehearsal } from './index.ts'
import { REHEARSAL_KEY, startRehearsal } from './index.ts'

let rehearsal: Rehearsal
beforeEach(async () => {
  rehearsal = await startRehearsal({ paceMs: 0 })
})
afterEach(() => rehearsal.close())

const key = { 'x-api-key': REHEARSAL_KEY }
const inTime = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(5_000) })

const ask = (text: string, { stream = true, signal = inTime().signal } = {}): Promise<Response> =>
  fetch(`${rehearsal.url}/v1/messages?beta=true`, {
    method: 'POST',
    headers: key,
    body: JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: text }] }),
    signal,
  })
const post = (path: string, body: string, headers: Record<string, string> = key): Promise<Response> =>
  fetch(rehearsal.url + path, { method: 'POST', headers, body, ...inTime() })

const textIn = (stream: string): string =>
  [...stream.matchAll(/"text_delta","text":("(?:[^"\\]|\\.)*")/g)]
    .map(([, json]) => String(JSON.parse(json ?? '""')))
    .join('')

describe('a reply', () => {
  test('[RH1] is streamed under the number of its request, on loopback', async () => {
    const response = await ask('Здравей')
    expect(response.status).toBe(200)
    expect(rehearsal.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(response.headers.get('x-rehearsal')).toBe('1')
    expect(response.headers.get('request-id')).toBe('req_rehearsal_1')
    expect(textIn(await response.text())).toBe('Това е репетиция. Казахте: Здравей')
  })

  test('comes whole where no stream is asked for', async () => {
    const response = await ask('say exactly: yes', { stream: false })
    expect(await response.json()).toMatchObject({ id: 'msg_rehearsal_1', content: [{ type: 'text', text: 'yes' }] })
  })

  test('survives being cut into single bytes', async () => {
    const text = 'Ето 🙂 и 👩‍👩‍👧 „край“'
    expect(textIn(await (await ask(`say exactly: ${text}\n[rehearse bytes=1]`)).text())).toBe(text)
  })

  test('fails the first times only, where directed so', async () => {
    const prompt = 'x [rehearse status=529 fail-times=2 retry-after=3]'
    const first = await ask(prompt)
    expect([first.status, first.headers.get('retry-after')]).toEqual([529, '3'])
    expect((await ask(prompt)).status).toBe(529)
    expect((await ask(prompt)).status).toBe(200)
    rehearsal.forget()
    expect((await ask(prompt)).status).toBe(529)
  })
})

describe('a reply that is dropped', () => {
  test('before its headers is no response', async () => {
    await expect(ask('x [rehearse drop=0]')).rejects.toThrow('fetch failed')
    const [request] = rehearsal.requests
    expect(request).toMatchObject({ state: 'finished', piecesSent: 0 })
  })

  test('after its pieces breaks off behind them', async () => {
    const response = await ask('count to 9 [rehearse drop=3]')
    const heard: string[] = []
    const reading = async (): Promise<void> => {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) heard.push(chunk)
    }
    await expect(reading()).rejects.toThrow('terminated')
    expect(textIn(heard.join(''))).toBe('1 2 3')
  })
})

test('a stalled reply stays open until its client leaves, which is seen at once', async () => {
  const leaving = new AbortController()
  const response = await ask('count to 9 [rehearse stall=2]', { signal: leaving.signal })
  const reading = response.text()
  await rehearsal.waitFor(({ piecesSent }) => piecesSent > 0, inTime())
  expect(rehearsal.requests[0]?.state).toBe('open')
  leaving.abort()
  await expect(reading).rejects.toThrow('aborted')
  const left = await rehearsal.waitFor(({ state }) => state !== 'open', inTime())
  expect(left.state).toBe('closed-early')
  expect(left.closedAtMs).toBeGreaterThan(left.firstPieceAtMs ?? Infinity)
})

test('a reply that hangs never begins', async () => {
  const leaving = new AbortController()
  const asking = ask('x [rehearse hang=1]', { signal: leaving.signal })
  await rehearsal.waitFor(() => true, inTime())
  leaving.abort()
  await expect(asking).rejects.toThrow('aborted')
  expect(await rehearsal.waitFor(({ state }) => state !== 'open', inTime())).toMatchObject({ piecesSent: 0 })
})

test('a reader that does not read holds the reply up, and its leaving frees it', async () => {
  const client = httpRequest(`${rehearsal.url}/v1/messages`, { method: 'POST', headers: key })
  const text = `say exactly: ${'x'.repeat(8_000_000)}`
  client.end(JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: text }] }))
  client.on('error', () => {})
  await rehearsal.waitFor(({ piecesSent }) => piecesSent > 0, inTime())
  client.destroy()
  const left = await rehearsal.waitFor(({ state }) => state !== 'open', inTime())
  expect(left.state).toBe('closed-early')
  expect(left.piecesSent).toBeLessThan(8_000_000 / 12)
})

describe('what is refused', () => {
  test.each<[string, Record<string, string>]>([
    ['no key', {}],
    ['a real key', { 'x-api-key': 'sk-ant-1' }],
    ['a real login', { authorization: 'Bearer sk-ant-oat-1' }],
    ['a real login beside the right key', { ...key, authorization: 'Bearer sk-ant-oat-1' }],
  ])('[RH2] is a request with %s, of which nothing is kept', async (_, headers) => {
    const response = await post('/v1/messages', 'x'.repeat(500_000), headers)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({
      error: { type: 'authentication_error', message: expect.stringContaining('rehearsal') },
    })
    expect(rehearsal.requests).toEqual([])
  })

  test('is a body that is no JSON or no messages request', async () => {
    expect((await post('/v1/messages', '{"model":')).status).toBe(400)
    const response = await post('/v1/messages', '{"model":"m","messages":[{"role":"user"}]}')
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('messages.0.content') } })
  })

  test('is a direction that it does not know', async () => {
    const response = await ask('x [rehearse slwo=1]')
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('Unknown stage direction: slwo')
  })

  test('is a path that it does not have', async () => {
    const response = await post('/v1/complete', '{}')
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } })
    expect(response.headers.get('x-rehearsal')).toBe('1')
  })
})

test('a bearer of the key is welcome, and tokens are counted', async () => {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: '12345' }] })
  const response = await post('/v1/messages/count_tokens', body, { authorization: `Bearer ${REHEARSAL_KEY}` })
  expect(await response.json()).toEqual({ input_tokens: 2 })
  expect(rehearsal.requests).toEqual([])
})

test.each(['/', '/api/hello'])('%s is there', async (path) => {
  expect((await fetch(rehearsal.url + path, { method: 'HEAD', ...inTime() })).status).toBe(200)
  expect((await fetch(rehearsal.url + path, inTime())).status).toBe(200)
})

test('the log can be read and emptied by other processes, without credentials in it', async () => {
  await (await ask('one')).text()
  await (await ask('two')).text()
  await rehearsal.waitFor(({ number, state }) => number === 2 && state === 'finished', inTime())
  const view = await fetch(`${rehearsal.url}/rehearsal/requests?since=1`, inTime())
  expect(await view.json()).toMatchObject({
    requests: [
      {
        number: 2,
        path: '/v1/messages?beta=true',
        state: 'finished',
        headers: { 'x-api-key': '(withheld)' },
        body: { messages: [{ role: 'user', content: 'two' }] },
      },
    ],
  })
  expect((await fetch(`${rehearsal.url}/rehearsal/requests`, { method: 'DELETE', ...inTime() })).status).toBe(204)
  expect(rehearsal.requests).toEqual([])
})

test('closing ends what is open, may be asked twice, and leaves no timer', async () => {
  const response = await ask('count to 9 [rehearse slow=600000]')
  const reading = response.text()
  await rehearsal.waitFor(({ piecesSent }) => piecesSent > 0, inTime())
  await Promise.all([rehearsal.close(), rehearsal.close(), expect(reading).rejects.toThrow('terminated')])
  expect(rehearsal.requests[0]?.state).toBe('closed-early')
  await expect(ask('x')).rejects.toThrow('fetch failed')
})

test('a port that is taken is an error', async () => {
  await expect(startRehearsal({ port: Number(new URL(rehearsal.url).port) })).rejects.toThrow('EADDRINUSE')
})
