import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { busy, dataOf, failed, openApp, OTHER, readChunks, TENANT, told } from '../../test/support/open-app.ts'
import { end, forever, says, text } from '../../test/support/scripted-engine.ts'
import { ERRORS, GatewayError, type ErrorCode } from '../core/index.ts'

const DONE = 'data: [DONE]\n\n'
const S = { tenant: TENANT, id: 's' }

const open = (...args: Parameters<typeof openApp>) => {
  const opened = openApp(...args)
  const say = (message: string, fields: object = {}, init: RequestInit = {}) =>
    opened.post('/v1/conversational', { session_id: 's', message, ...fields }, init)
  const stream = (message: string, init: RequestInit = {}) => say(message, { stream: true }, init)
  const turns = async () => (await opened.store.get(S))?.turns ?? []
  return { ...opened, say, stream, turns }
}

test('[CV13] a reply that is streamed has its pieces as they come, then the whole of it, then [DONE]', async () => {
  const { stream, turns, engine, talker } = open(() => [text('Здра'), text('вей'), end('Здравей')])
  const reply = await stream('hello', { headers: { 'x-other': '1' } })
  expect(reply.status).toBe(200)
  expect(['content-type', 'cache-control', 'x-accel-buffering'].map((name) => reply.headers.get(name))).toEqual([
    'text/event-stream; charset=utf-8',
    'no-cache, no-transform',
    'no',
  ])
  const { next, rest } = readChunks(reply)
  expect(await next()).toBe('data: {"session_id":"s","delta":"Здра"}\n\n')
  expect(await next()).toBe('data: {"session_id":"s","delta":"вей"}\n\n')
  expect(await turns()).toEqual([])
  expect((await rest()).join('')).toBe(`data: {"session_id":"s","reply":"Здравей"}\n\n${DONE}`)
  expect(await turns()).toMatchObject([{ user: 'hello', assistant: 'Здравей', interrupted: false }])
  expect(engine.runs[0]?.request).toMatchObject({ tenant: TENANT, agent: talker, model: 'sonnet' })
})

test('[CV1] [CV13] turns that are streamed and turns that are not are of one conversation', async () => {
  const { say, stream, engine } = open(({ history }) => says(`answer to ${history.at(-1)?.text}`))
  await say('a')
  await (await stream('b')).text()
  await say('c', { stream: false })
  expect(engine.runs[2]?.request.history.map((message) => message.text)).toEqual([
    'a',
    'answer to a',
    'b',
    'answer to b',
    'c',
  ])
})

test('[CV5] [CV13] the whole of a reply, and [DONE], come once the turn is stored', async () => {
  const { stream, store, turns } = open(() => says('yes'))
  const storing = Promise.withResolvers<void>()
  const stored = Promise.withResolvers<void>()
  const { append } = store
  Object.assign(store, {
    append: async (...args: Parameters<typeof append>) => {
      storing.resolve()
      await stored.promise
      return await append(...args)
    },
  })
  const { next } = readChunks(await stream('a'))
  expect(dataOf(await next())).toEqual({ session_id: 's', delta: 'yes' })
  let ended = false
  const last = next().then((chunk) => {
    ended = true
    return chunk
  })
  await storing.promise
  await setImmediate()
  expect([ended, await turns()]).toEqual([false, []])
  stored.resolve()
  expect(await last).toBe(`data: {"session_id":"s","reply":"yes"}\n\n${DONE}`)
})

test('[CV13] [ER3] a reply that cannot be stored ends with an error frame, and without [DONE]', async () => {
  const { stream, store, observer } = open(() => says('yes'))
  Object.assign(store, { append: () => Promise.reject(new Error('secret: disk full')) })
  const chunks = await readChunks(await stream('a')).rest()
  expect(chunks.map(dataOf)).toEqual([
    { session_id: 's', delta: 'yes' },
    {
      error: 'execution failed',
      detail: 'The store of conversations does not answer. Try again.',
      code: 'store_unavailable',
    },
  ])
  expect(observer.of('request-failed')).toMatchObject([{ code: 'store_unavailable' }])
})

test.each(Object.keys(ERRORS) as readonly ErrorCode[])(
  '[CV7] [CV13] [ER7] %s is the same failure streamed, not streamed and in mid-answer',
  async (code) => {
    const error = new GatewayError(code, 'Не стана.', { retryAfterSeconds: 7 })
    const { say, stream, turns } = open((_, index) => (index < 2 ? [error] : [text('a'), failed(error)]))
    const whole = await told(await say('m'))
    expect(await told(await stream('m'))).toEqual(whole)
    const chunks = await readChunks(await stream('m')).rest()
    expect([chunks.length, dataOf(chunks.at(-1))]).toEqual([2, whole[2]])
    expect(await turns()).toEqual([])
  },
)

test('[CV13] [ST2] the status waits for the first event, up to the hold; then what fails is a frame', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, clock } = open(() => [gate.promise, busy])
  const reply = stream('a')
  await clock.untilArmed(1000)
  await clock.advance(1000)
  const response = await reply
  expect(response.status).toBe(200)
  gate.resolve()
  const chunks = await readChunks(response).rest()
  expect(chunks.map(dataOf)).toMatchObject([{ error: 'execution failed', code: 'overloaded' }])
})

test('[CV13] [ST3] silences are filled', async () => {
  const { stream, clock } = open(() => [text('a'), forever()])
  const { next, leave } = readChunks(await stream('a'))
  await next()
  for (const filler of ['data: ', ' ']) {
    const silence = next()
    await clock.advance(10_000)
    expect(await silence).toBe(filler)
  }
  await leave()
})

test('[CV14] a caller who leaves in mid-answer is remembered as far as it was delivered, and closing waits for that', async () => {
  const { stream, store, turns, engine, observer, background, admission, clock } = open((request, index) =>
    index === 0 ? [text('Здра'), text('вей'), forever()] : says(`${request.history.length}`),
  )
  const storing = Promise.withResolvers<void>()
  const stored = Promise.withResolvers<void>()
  const { append } = store
  Object.assign(store, {
    append: async (...args: Parameters<typeof append>) => {
      storing.resolve()
      await stored.promise
      return await append(...args)
    },
  })
  const leaving = new AbortController()
  const { next } = readChunks(await stream('a', { signal: leaving.signal }))
  for (let chunks = 0; chunks < 2; chunks++) await next()
  const last = next()
  leaving.abort(new Error('gone'))
  await storing.promise
  let isClosed = false
  const closed = background.close().then(() => {
    isClosed = true
  })
  await setImmediate()
  expect([isClosed, await turns()]).toEqual([false, []])
  stored.resolve()
  await closed
  expect(await last).toBeUndefined()
  expect(await turns()).toMatchObject([{ user: 'a', assistant: 'Здравей', interrupted: true }])
  expect([observer.of('request-failed'), observer.of('cleanup-failed'), admission.active, clock.armed]).toEqual([
    [],
    [],
    0,
    0,
  ])
  expect((await readChunks(await stream('b')).rest()).at(-1)).toContain('"reply":"3"')
  expect(engine.runs[1]?.request.history[1]).toEqual({ role: 'assistant', text: 'Здравей' })
})

test('[CV14] a reader who cancels the body leaves too', async () => {
  const { stream, turns, background } = open(() => [text('one '), text('two '), forever()])
  const { next, leave } = readChunks(await stream('a'))
  expect(dataOf(await next())).toMatchObject({ delta: 'one ' })
  await leave()
  await background.close()
  expect(await turns()).toMatchObject([{ assistant: 'one ', interrupted: true }])
})

test('[CV14] who leaves before a word, or does not stream, leaves no trace', async () => {
  const { say, stream, engine, turns, background, clock } = open((_, index) =>
    index === 0 ? [forever()] : [text('half'), forever()],
  )
  for (const [index, ask] of [stream, (message: string, init: RequestInit) => say(message, {}, init)].entries()) {
    const leaving = new AbortController()
    const reply = ask('a', { signal: leaving.signal })
    const run = await engine.started(index)
    leaving.abort(new Error('gone'))
    await run.ended
    await reply
  }
  await background.close()
  expect([await turns(), clock.armed]).toEqual([[], 0])
})

test('[CA5] [CV14] when the server stops in mid-answer its caller is told, and nothing is stored', async () => {
  const { stream, turns, stopping, background } = open(() => [text('half'), forever()])
  const { next } = readChunks(await stream('a'))
  await next()
  const last = next()
  stopping.abort(new GatewayError('shutting_down', 'The server is stopping.'))
  expect(dataOf(await last)).toEqual({
    error: 'shutting down',
    detail: 'The server is stopping.',
    code: 'shutting_down',
  })
  expect(await next()).toBeUndefined()
  await background.close()
  expect(await turns()).toEqual([])
})

test('[AU3] [CV3] [CV13] a streamed turn holds up its own conversation and no other tenant’s', async () => {
  const { say, stream } = open((_, index) => (index === 0 ? [text('a'), forever()] : says('yes')))
  const { next, leave } = readChunks(await stream('a'))
  await next()
  expect((await say('x', {}, OTHER)).status).toBe(200)
  let answered = false
  const second = say('b').then((reply) => {
    answered = true
    return reply
  })
  await setImmediate()
  expect(answered).toBe(false)
  await leave()
  expect((await second).status).toBe(200)
})

test('[CV2] [CV8] [CV13] what is refused is refused with a status, streamed too', async () => {
  const { say, engine } = open(() => says('a'))
  for (const fields of [
    { stream: 'true' },
    { stream: true, model: 'recruiter-triage/opus' },
    { stream: true, session_id: '' },
  ])
    expect([fields, (await say('m', fields)).status]).toEqual([fields, 400])
  expect((await say('m', { stream: true, model: 'nope' })).status).toBe(404)
  expect(engine.runs).toEqual([])
})
