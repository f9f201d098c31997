import { expect, test } from 'vitest'
import { busy, dataOf, openApp, OTHER, readChunks, told } from '../../test/support/open-app.ts'
import { readStream } from '../../test/support/stream.ts'
import { forever, says, text } from '../../test/support/scripted-engine.ts'
import { takeSlot } from '../../test/support/take-slot.ts'

const SUPERSEDED = {
  message: 'A newer request of the same conversation took this one’s place.',
  type: 'server_error',
  param: null,
  code: 'superseded',
}
const named = (conversation: string): object => ({ metadata: { conversation } })

test('[CC15] [R53] a newer request of a conversation ends the older one, told in a frame', async () => {
  const { stream, engine } = openApp((_, index) => (index === 0 ? [text('a'), forever()] : says('b')))
  const older = readChunks(await stream(named('разговор')))
  await older.next()
  const last = older.next()
  expect((await readStream(await stream(named('разговор')))).text).toBe('b')
  expect(dataOf(await last)).toEqual({ error: SUPERSEDED })
  expect(await older.next()).toBeUndefined()
  await (
    await engine.started(0)
  ).ended
})

test('[CC15] [R53] [R62] an older request that has no answer yet is 503', async () => {
  const { stream, engine } = openApp((_, index) => (index === 0 ? [forever()] : says('b')))
  const older = stream(named('c'))
  await engine.started(0)
  expect((await stream(named('c'))).status).toBe(200)
  expect(await told(await older)).toEqual([503, [null, null, 'false'], { error: SUPERSEDED }])
})

test('[CC15] [R53] an older request that still waits for a place gives it up', async () => {
  const { stream, engine, admission } = openApp(() => says('b'), { capacity: 1 })
  const place = await takeSlot(admission)
  const older = stream(named('c'))
  await expect.poll(() => admission.queued).toBe(1)
  const newer = stream(named('c'))
  expect((await older).status).toBe(503)
  expect(admission.queued).toBe(1)
  place[Symbol.dispose]()
  expect((await newer).status).toBe(200)
  expect(engine.runs).toHaveLength(1)
})

test('[CC15] [R8] the header names the conversation too, and goes before the metadata', async () => {
  const { stream, engine } = openApp((_, index) => (index === 0 ? [forever()] : says('b')))
  const older = stream(named('other'), { headers: { 'x-conversation-id': 'c' } })
  const run = await engine.started(0)
  expect((await stream(named('other'))).status).toBe(200)
  expect(run.signal.aborted).toBe(false)
  expect((await stream(named('c'))).status).toBe(200)
  expect((await older).status).toBe(503)
})

test('[CC15] requests of other conversations, or of none, are left alone', async () => {
  const { stream, engine } = openApp((_, index) => (index < 3 ? [forever()] : says('b')))
  const leaving = new AbortController()
  const { signal } = leaving
  const older = [stream(named('c'), { signal }), stream({}, { signal }), stream({ user: 'c' }, { signal })]
  await engine.started(2)
  for (const fields of [{}, named('d'), named('C'), named(''), { user: 'c' }]) {
    expect((await stream(fields, { headers: { 'x-conversation-id': '' } })).status).toBe(200)
  }
  expect(engine.runs.slice(0, 3).map((run) => run.signal.aborted)).toEqual([false, false, false])
  leaving.abort(new Error('gone'))
  await Promise.all(older)
})

test('[AU3] [CC15] the newest request of a conversation stands for each tenant by itself', async () => {
  const { stream, engine } = openApp((_, index) => (index < 2 ? [forever()] : says('b')))
  const [mine, theirs] = [stream(named('c')), stream(named('c'), OTHER)]
  await engine.started(1)
  expect(engine.runs.map((run) => run.signal.aborted)).toEqual([false, false])
  expect((await stream(named('c'), OTHER)).status).toBe(200)
  expect([engine.runs[0]?.signal.aborted, (await theirs).status]).toEqual([false, 503])
  expect((await stream(named('c'))).status).toBe(200)
  expect((await mine).status).toBe(503)
})

test('[CC15] a conversation goes on after an answer, a failure and a caller who left', async () => {
  const { stream, engine, observer } = openApp((_, index) => [says('a'), [busy], [forever()], says('d')][index] ?? [])
  const leaving = new AbortController()
  expect((await stream(named('c'))).status).toBe(200)
  expect(await told(await stream(named('c')))).toMatchObject([503, {}, { error: { code: 'overloaded' } }])
  const left = stream(named('c'), { signal: leaving.signal })
  await engine.started(2)
  leaving.abort(new Error('gone'))
  await left
  expect((await stream(named('c'))).status).toBe(200)
  expect(observer.of('request-failed').map(({ code }) => code)).toEqual(['overloaded'])
})

test('[CC15] [R53] of three requests at once the last one stands', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, engine } = openApp(() => [gate.promise, ...says('a')])
  const replies = [stream(named('c')), stream(named('c')), stream(named('c'))]
  await engine.started(2)
  gate.resolve()
  expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([503, 503, 200])
})

test('[CC15] [R55] what is not streamed runs beside the live answer, and takes nobody’s place', async () => {
  const { chat, stream, engine } = openApp((_, index) => (index === 0 ? [text('a'), forever()] : says('b')))
  const live = readChunks(await stream(named('c')))
  await live.next()
  expect((await chat(named('c'))).status).toBe(200)
  expect(engine.runs.map(({ signal }) => signal.aborted)).toEqual([false, false])
  expect((await stream(named('c'))).status).toBe(200)
  expect(engine.runs[0]?.signal.aborted).toBe(true)
})

test('[CC15] [R53] the newest is the one that began to arrive last, also where the body of an older one is slow', async () => {
  const { stream, request, engine } = openApp((_, index) => (index === 0 ? [text('a'), forever()] : says('b')))
  const slow = new TransformStream<Uint8Array>()
  const writer = slow.writable.getWriter()
  const init = { method: 'POST', body: slow.readable, duplex: 'half' } satisfies RequestInit & { duplex: string }
  const older = request('/v1/chat/completions', init)
  const newer = readChunks(await stream(named('c')))
  await newer.next()
  const body = { stream: true, messages: [{ role: 'user', content: 'x' }], ...named('c') }
  void writer.write(new TextEncoder().encode(JSON.stringify(body))).then(() => writer.close())
  expect((await told(await older))[0]).toBe(503)
  expect(engine.runs.map(({ signal }) => signal.aborted)).toEqual([false])
  expect((await stream(named('c'))).status).toBe(200)
  expect(engine.runs[0]?.signal.aborted).toBe(true)
})
