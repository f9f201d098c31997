import { expect, test } from 'vitest'
import { chunk, ERROR, frames, opening, stream } from './examples.ts'
import { judgeReply, type Reply } from './judge-reply.ts'
import { watchResponse } from './watch-response.ts'

const CHAT = 'http://127.0.0.1/v1/chat/completions?a=b'
const EVENT_STREAM = { headers: { 'content-type': 'text/event-stream; charset=utf-8' } }

/** A response and, once it was read, what is wrong with it. */
function watch(response: Response, init: RequestInit = {}) {
  const replies: Reply[] = []
  const watched = watchResponse(new Request(CHAT, { method: 'POST', ...init }), response, (reply) =>
    replies.push(reply),
  )
  return { watched, violations: () => replies.map(judgeReply) }
}

test('a response is judged when it was read to its end, and reads as before', async () => {
  const good = stream(opening('a'), chunk({}, 'stop'))
  const { watched, violations } = watch(new Response(good, EVENT_STREAM))
  expect(violations()).toEqual([])
  expect(Object.fromEntries(watched.headers)).toEqual(EVENT_STREAM.headers)
  expect(await watched.text()).toBe(good)
  expect(violations()).toEqual([[]])

  const bad = watch(Response.json({ ...ERROR, extra: 1 }, { status: 500 }))
  expect(bad.watched.status).toBe(500)
  await bad.watched.text()
  expect(bad.violations()).toEqual([[expect.stringContaining('extra is a field that OpenAI does not have')]])
})

test('a response is judged as far as it went where its reader leaves', async () => {
  const cancelled = watch(new Response(frames(opening('a'), opening('b')), EVENT_STREAM))
  const reader = cancelled.watched.body?.getReader()
  await reader?.read()
  await reader?.cancel()
  expect(cancelled.violations()).toEqual([[expect.stringContaining('the role comes again')]])

  const aborted = watch(new Response(null, { status: 503 }), { signal: AbortSignal.abort() })
  expect(aborted.violations()).toEqual([[]])
  expect(watch(new Response(null, { status: 503 })).violations()).not.toEqual([[]])
})

test('nothing is pulled before the reader asks', async () => {
  let pulled = 0
  const body = new ReadableStream<Uint8Array>(
    { pull: (controller) => (pulled++ === 1 ? controller.close() : controller.enqueue(Buffer.from('a'))) },
    { highWaterMark: 0 },
  )
  const { watched } = watch(new Response(body))
  const reader = watched.body?.getReader()
  await Promise.resolve()
  expect(pulled).toBe(0)
  await reader?.read()
  expect(pulled).toBe(1)
})
