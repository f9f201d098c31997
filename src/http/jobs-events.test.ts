import { expect, test } from 'vitest'
import { readChunks } from '../../test/support/open-app.ts'
import { openJobApp } from '../../test/support/open-job-app.ts'
import { end, forever, says, text } from '../../test/support/scripted-engine.ts'
import { GatewayError } from '../core/index.ts'

interface Told {
  readonly id: number
  readonly event: string
  readonly data: { readonly sequence: number; readonly at: string }
}

/** The events of a stream's text, comments left out. */
const eventsIn = (text: string): readonly Told[] =>
  text
    .split('\n\n')
    .filter((frame) => frame !== '' && !frame.startsWith(':'))
    .map((frame) => {
      const [, id, event, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/s.exec(frame) ?? []
      if (id === undefined || event === undefined || data === undefined) throw new Error(`no event: ${frame}`)
      return { id: Number(id), event, data: JSON.parse(data) as Told['data'] }
    })

test('[JB11] the events of a job leave as they happen; the stream ends behind the last', async () => {
  const gate = Promise.withResolvers<void>()
  const { submit, request, engine, clock, background } = openJobApp(() => [text('Здра'), gate.promise, end('Здра')])
  const id = await submit()
  await engine.started(0)
  const reply = await request(`/jobs/${id}/events`)
  expect([reply.status, reply.headers.get('content-type'), reply.headers.get('cache-control')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    'no-cache, no-transform',
  ])
  const { next, rest } = readChunks(reply)
  expect(eventsIn((await next()) ?? '')).toMatchObject([{ id: 1, event: 'queued', data: { sequence: 1 } }])
  expect(eventsIn((await next()) ?? '')).toMatchObject([{ id: 2, event: 'started', data: { attempt: 1 } }])
  const said = next()
  await clock.advance(200)
  expect(eventsIn((await said) ?? '')).toMatchObject([{ id: 3, event: 'text', data: { text: 'Здра' } }])
  gate.resolve()
  expect(eventsIn((await rest()).join(''))).toMatchObject([
    { id: 4, event: 'ended', data: { sequence: 4, at: expect.stringMatching(/Z$/), status: 'completed' } },
  ])
  await background.close()
})

test('[JB11] [ST17] a silence is filled with comment lines, without blank lines', async () => {
  const { submit, request, engine, clock } = openJobApp(() => [forever()])
  const id = await submit({ timeout_seconds: 82_800 })
  await engine.started(0)
  const leaving = new AbortController()
  const { next } = readChunks(await request(`/jobs/${id}/events`, { signal: leaving.signal }))
  for (let index = 0; index < 2; index++) await next()
  const comment = next()
  await clock.advance(10_000)
  expect(await comment).toBe(': keep-alive\n')
  leaving.abort()
})

test('[JB11] a client goes on behind the last event that it has; where none is to come it is 204', async () => {
  const { submit, request, reached } = openJobApp(() => says('a'))
  const id = await submit()
  await reached(id, 'completed')
  const idsOf = async (path: string, init?: RequestInit): Promise<readonly number[]> =>
    eventsIn(await (await request(`/jobs/${id}/events${path}`, init)).text()).map((event) => event.id)
  expect(await idsOf('')).toEqual([1, 2, 3, 4])
  expect(await idsOf('', { headers: { 'last-event-id': '2' } })).toEqual([3, 4])
  expect(await idsOf('?last_event_id=3')).toEqual([4])
  expect(await idsOf('?last_event_id=0', { headers: { 'last-event-id': '3' } })).toEqual([4])
  for (const last of ['4', '5', '999999']) {
    const reply = await request(`/jobs/${id}/events`, { headers: { 'last-event-id': last } })
    expect([last, reply.status, await reply.text()]).toEqual([last, 204, ''])
  }
})

test('[JB11] a last event that is no number is 400', async () => {
  const { submit, request } = openJobApp(() => says('a'))
  const id = await submit()
  for (const last of ['-1', 'x', '1.5']) {
    for (const reply of [
      await request(`/jobs/${id}/events?last_event_id=${last}`),
      await request(`/jobs/${id}/events`, { headers: { 'last-event-id': last } }),
    ]) {
      expect([reply.status, await reply.json()]).toMatchObject([
        400,
        { code: 'invalid_request', detail: '`last-event-id`: the number of an event is expected.' },
      ])
    }
  }
})

test('[JB11] [CA2] a client that leaves stops nothing, and nothing stays behind', async () => {
  const gate = Promise.withResolvers<void>()
  const { submit, request, engine, reached, background, clock } = openJobApp(() => [gate.promise, ...says('a')])
  const id = await submit()
  await engine.started(0)
  const leaving = new AbortController()
  const before = clock.armed
  const reply = await request(`/jobs/${id}/events`, { signal: leaving.signal })
  const reader = (reply.body ?? new ReadableStream()).getReader()
  for (let index = 0; index < 2; index++) await reader.read()
  const waiting = reader.read()
  await clock.advance(100)
  leaving.abort(new Error('gone'))
  await reader.cancel()
  await waiting
  await background.close()
  expect(clock.armed).toBe(before)
  gate.resolve()
  await reached(id, 'completed')
})

test('[JB11] a server that stops ends the streams without an end of the job', async () => {
  const { submit, request, engine, stopping } = openJobApp(() => [forever()])
  const id = await submit()
  await engine.started(0)
  const { next, rest } = readChunks(await request(`/jobs/${id}/events`))
  for (let index = 0; index < 2; index++) await next()
  const last = rest()
  stopping.abort(new GatewayError('shutting_down', 'The server is stopping.'))
  expect(await last).toEqual([])
})

test('[JB11] a store that fails ends the stream, which is reported, and the client comes back', async () => {
  const { submit, request, engine, jobStore, observer, clock } = openJobApp(() => [forever()])
  const id = await submit()
  await engine.started(0)
  const { next, rest } = readChunks(await request(`/jobs/${id}/events`))
  for (let index = 0; index < 2; index++) await next()
  const last = rest()
  jobStore.events = () => Promise.reject(new GatewayError('store_unavailable', 'The store does not answer.'))
  await clock.advance(500)
  expect(await last).toEqual([])
  expect(observer.of('request-failed').map(({ code }) => code)).toEqual(['store_unavailable'])
})

test('[JB11] a HEAD of the events begins nothing', async () => {
  const { submit, request, engine, background } = openJobApp(() => [forever()])
  const id = await submit()
  await engine.started(0)
  const reply = await request(`/jobs/${id}/events`, { method: 'HEAD' })
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  await background.close()
})
