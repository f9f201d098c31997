import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { busy, contentOf, dataOf, failed, openApp, readChunks, told } from '../../test/support/open-app.ts'
import { readStream } from '../../test/support/stream.ts'
import { end, says, text } from '../../test/support/scripted-engine.ts'
import { takeSlot } from '../../test/support/take-slot.ts'
import { ERRORS, GatewayError, type ErrorCode } from '../core/index.ts'

/** What a client that streams from a chat agent does not send again by itself (ER30). */
const LASTING: readonly ErrorCode[] = ['overloaded', 'rate_limit_exceeded', 'upstream_failed']

test('[ST2] [R27] a failure within the hold has its status', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, clock, observer, admission } = openApp(() => [gate.promise, busy])
  const reply = stream()
  await clock.untilArmed(1000)
  await clock.advance(999)
  gate.resolve()
  const response = await reply
  expect([response.status, await response.json()]).toEqual([
    503,
    { error: { message: 'The model API is overloaded.', type: 'server_error', param: null, code: 'overloaded' } },
  ])
  const requestId = response.headers.get('x-request-id')
  expect(observer.of('request-failed')).toEqual([
    { type: 'request-failed', requestId, code: 'overloaded', error: busy },
  ])
  expect([admission.active, clock.armed]).toEqual([0, 0])
})

test('[ER3] [R38] [R63] a failure after the hold is an error frame: no finish, no [DONE]', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, clock, observer, admission } = openApp(() => [gate.promise, busy])
  const reply = stream()
  await clock.untilArmed(1000)
  await clock.advance(1000)
  gate.resolve()
  const response = await reply
  expect(response.status).toBe(200)
  const chunks = await readChunks(response).rest()
  expect(chunks.map(dataOf)).toEqual([
    { error: { message: 'The model API is overloaded.', type: 'server_error', param: null, code: 'overloaded' } },
  ])
  const requestId = response.headers.get('x-request-id')
  expect(observer.of('request-failed')).toEqual([
    { type: 'request-failed', requestId, code: 'overloaded', error: busy },
  ])
  expect(admission.active).toBe(0)
})

test('[ER3] [R38] [R63] a failure in mid-answer is an error frame, thrown or told', async () => {
  for (const failure of [busy, failed(busy)]) {
    const { stream, observer } = openApp(() => [text('Здра'), failure])
    const response = await stream({ stream_options: { include_usage: true } })
    const [first, ...others] = await readChunks(response).rest()
    expect(contentOf(first)).toBe('Здра')
    expect(others.map(dataOf)).toEqual([
      { error: { message: 'The model API is overloaded.', type: 'server_error', param: null, code: 'overloaded' } },
    ])
    expect(observer.of('request-failed').map(({ code }) => code)).toEqual(['overloaded'])
    expect(observer.of('request-finished').map(({ status, left }) => [status, left])).toEqual([[200, false]])
  }
})

test('[ER3] [R38] an engine that stops without an end is no empty success', async () => {
  const { chat } = openApp(() => [])
  expect((await chat()).status).toBe(500)
})

test('[ER2] [R58] a defect is told in words that are safe, before and in mid-answer', async () => {
  const defect = new TypeError('secret /path')
  const { chat, observer } = openApp((_, index) => (index === 0 ? [defect] : [text('a'), defect]))
  const early = await chat()
  const late = await chat({ stream: true })
  const body = {
    message: 'The gateway failed on this request.',
    type: 'server_error',
    param: null,
    code: 'internal_error',
  }
  expect([early.status, await early.json()]).toEqual([500, { error: body }])
  expect((await readStream(late)).error).toEqual(body)
  expect(observer.of('request-failed').map(({ error }) => error.cause)).toEqual([defect, defect])
})

test.each(Object.keys(ERRORS) as readonly ErrorCode[])(
  '[ER7] [ER30] [R57] [R64] %s is the same failure streamed, not streamed and in mid-answer',
  async (code) => {
    const error = new GatewayError(code, 'Не стана.', { retryAfterSeconds: 7, param: 'messages', details: { a: 1 } })
    const { chat } = openApp((_, index) => (index < 2 ? [error] : [text('a'), failed(error)]))
    const { status, type, retryable } = ERRORS[code]
    const body = { message: 'Не стана.', type, param: 'messages', code }
    const expected = [status, ['7', '7000', retryable ? null : 'false'], { error: body }]
    const streamed = LASTING.includes(code) ? [status, ['7', '7000', 'false'], { error: body }] : expected
    expect(await told(await chat({ stream: true }))).toEqual(streamed)
    expect(await told(await chat({ stream: false }))).toEqual(expected)
    expect((await readStream(await chat({ stream: true }))).error).toEqual(body)
    expect(await told(await chat({ stream: false }))).toEqual(expected)
  },
)

test.each(Object.keys(ERRORS) as readonly ErrorCode[])(
  '[ER30] [R62] [R69] %s: a client that streams from a chat agent tries again by itself only what may mend at once',
  async (code) => {
    const { chat } = openApp(() => [new GatewayError(code, 'Не стана.')])
    const shouldRetry = async (fields: object): Promise<string | null> =>
      (await chat(fields)).headers.get('x-should-retry')
    const otherwise = ERRORS[code].retryable ? null : 'false'
    expect(await shouldRetry({ stream: true })).toBe(LASTING.includes(code) ? 'false' : otherwise)
    expect(await shouldRetry({ stream: true, model: 'recruiter-triage/haiku' })).toBe(otherwise)
    expect(await shouldRetry({ stream: false })).toBe(otherwise)
  },
)

test('[ER5] [R69] [R70] a failure that tells no time to wait has no header for it', async () => {
  const { chat } = openApp(() => [busy])
  const { headers } = await chat()
  expect(['retry-after', 'retry-after-ms', 'x-should-retry'].map((name) => headers.get(name))).toEqual([
    null,
    null,
    null,
  ])
})

test('[AD2] [R66] [R70] a request that finds the queue full is 503 with the time to wait, streamed or not', async () => {
  const { chat, admission, engine } = openApp(() => says('a'), { capacity: 1, maxWaiting: 0 })
  const place = await takeSlot(admission)
  const expected = [
    503,
    ['1', '1000', null],
    {
      error: {
        message: 'The server is busy and its queue is full. Try again later.',
        type: 'server_error',
        param: null,
        code: 'queue_full',
      },
    },
  ]
  expect(await told(await chat({ stream: true }))).toEqual(expected)
  expect(await told(await chat())).toEqual(expected)
  expect(engine.runs).toEqual([])
  place[Symbol.dispose]()
  expect((await chat()).status).toBe(200)
})

test('[AD1] a place is free again when the answer is over, however it ended', async () => {
  const { chat, admission } = openApp(
    (_, index) => [says('a'), [busy], [text('a'), busy], [end('')]][index % 4] ?? [],
    {
      capacity: 1,
      maxWaiting: 0,
    },
  )
  for (const stream of [true, true, true, true, false, false, false, false]) {
    await (await chat({ stream })).text()
    await setImmediate()
    expect(admission.active).toBe(0)
  }
})
