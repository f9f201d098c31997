import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { contentOf, dataOf, openApp, OTHER, readChunks } from '../../test/support/open-app.ts'
import { forever, says, text } from '../../test/support/scripted-engine.ts'
import { takeSlot } from '../../test/support/take-slot.ts'
import { GatewayError } from '../core/index.ts'

test.each([true, false])(
  '[CA1] [R50] [R56] a caller who leaves before the first token has the run stopped (stream: %j)',
  async (stream) => {
    const { chat, engine, admission, clock, observer } = openApp(() => [forever()])
    const leaving = new AbortController()
    const reply = chat({ stream }, { signal: leaving.signal })
    const run = await engine.started(0)
    leaving.abort(new Error('gone'))
    await run.ended
    await reply
    expect([run.signal.aborted, admission.active, clock.armed]).toEqual([true, 0, 0])
    expect(observer.of('request-failed')).toEqual([])
    expect(observer.of('request-finished').map(({ left }) => left)).toEqual([true])
  },
)

test('[CA1] [R50] a caller who leaves after the hold has the run stopped', async () => {
  const { stream, engine, admission, clock } = openApp(() => [forever()])
  const leaving = new AbortController()
  const reply = stream({}, { signal: leaving.signal })
  await clock.untilArmed(1000)
  await clock.advance(1000)
  const { next } = readChunks(await reply)
  const last = next()
  const run = await engine.started(0)
  leaving.abort(new Error('gone'))
  expect(await last).toBeUndefined()
  await run.ended
  expect([admission.active, clock.armed]).toEqual([0, 0])
})

test('[CA3] [R50] [R51] a caller who leaves in mid-answer is no failure, and nothing more is sent', async () => {
  const { stream, engine, admission, observer, background } = openApp(() => [text('a'), forever()])
  const leaving = new AbortController()
  const { next } = readChunks(await stream({}, { signal: leaving.signal }))
  expect(contentOf(await next())).toBe('a')
  const last = next()
  leaving.abort(new Error('gone'))
  expect(await last).toBeUndefined()
  await (
    await engine.started(0)
  ).ended
  await background.close()
  expect([admission.active, observer.of('request-failed')]).toEqual([0, []])
  expect(observer.of('request-finished').map(({ status, left }) => [status, left])).toEqual([[200, true]])
})

test('[AD3] a caller who leaves while waiting gives up the turn', async () => {
  const { chat, engine, admission } = openApp(() => says('a'), { capacity: 1 })
  const place = await takeSlot(admission)
  const leaving = new AbortController()
  const reply = chat({ stream: true }, { signal: leaving.signal })
  await expect.poll(() => admission.queued).toBe(1)
  leaving.abort(new Error('gone'))
  await reply
  expect(admission.queued).toBe(0)
  place[Symbol.dispose]()
  expect([admission.active, engine.runs.length]).toEqual([0, 0])
})

test('[CA5] when the server stops, callers are told, whatever they wait for', async () => {
  const { chat, clock, engine, stopping, observer, admission } = openApp((_, index) =>
    index === 1 ? [text('a'), forever()] : [forever()],
  )
  const whole = chat()
  await engine.started(0)
  const begun = readChunks(await chat({ stream: true }))
  await begun.next()
  const waiting = chat({ stream: true })
  await engine.started(2)
  const last = begun.next()
  stopping.abort(new GatewayError('shutting_down', 'The server is stopping.'))
  const error = { message: 'The server is stopping.', type: 'server_error', param: null, code: 'shutting_down' }
  for (const reply of [await whole, await waiting]) expect([reply.status, await reply.json()]).toEqual([503, { error }])
  expect(dataOf(await last)).toEqual({ error })
  expect(await begun.next()).toBeUndefined()
  await setImmediate()
  expect([admission.active, clock.armed]).toEqual([0, 0])
  expect(observer.of('request-failed').map(({ code }) => code)).toEqual(
    Array.from({ length: 3 }, () => 'shutting_down'),
  )
})

test('[CA4] [R67] a request that is sent again after its socket died is reported with the id of the first', async () => {
  const { chat, engine, observer, clock } = openApp((_, index) => (index === 0 ? [forever()] : says('a')))
  const leaving = new AbortController()
  const died = chat({ seed: 1 }, { signal: leaving.signal })
  await engine.started(0)
  leaving.abort(new Error('gone'))
  const retryOf = (await died).headers.get('x-request-id')
  await clock.advance(59_999)
  await chat({ seed: 2 })
  expect(observer.of('request-retried')).toEqual([])
  const again = await chat({ seed: 1 })
  expect(observer.of('request-retried')).toEqual([
    { type: 'request-retried', requestId: again.headers.get('x-request-id'), retryOf },
  ])
  await chat({ seed: 1 })
  expect(observer.of('request-retried')).toHaveLength(1)
})

test.each([
  ['on another path', '/execute', 1, 0],
  ['with another body', '/v1/chat/completions', 2, 0],
  ['a minute later', '/v1/chat/completions', 1, 60_000],
] as const)('[CA4] a request %s is no retry of one that died', async (_, path, seed, laterMs) => {
  const { chat, post, engine, observer, clock } = openApp((_request, index) => (index === 0 ? [forever()] : says('a')))
  const leaving = new AbortController()
  const died = chat({ seed: 1 }, { signal: leaving.signal })
  await engine.started(0)
  leaving.abort(new Error('gone'))
  await died
  await clock.advance(laterMs)
  await post(path, { messages: [{ role: 'user', content: 'Здравей' }], seed })
  expect(observer.of('request-retried')).toEqual([])
  expect(observer.of('request-finished')).toHaveLength(2)
})

test('[AU3] [CA4] a request of another tenant is no retry of one that died, though it is the same', async () => {
  const { chat, engine, observer } = openApp((_, index) => (index === 0 ? [forever()] : says('a')))
  const leaving = new AbortController()
  const died = chat({}, { signal: leaving.signal })
  await engine.started(0)
  leaving.abort(new Error('gone'))
  await died
  await chat({}, OTHER)
  expect(observer.of('request-retried')).toEqual([])
  await chat()
  expect(observer.of('request-retried')).toHaveLength(1)
})

test('[CA4] a request that is sent again after its answer is no retry', async () => {
  const { chat, observer } = openApp(() => says('a'))
  await chat()
  await (await chat({ stream: true })).text()
  await chat()
  await (await chat({ stream: true })).text()
  expect(observer.of('request-retried')).toEqual([])
})
