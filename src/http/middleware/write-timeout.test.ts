import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Hono } from 'hono'
import { afterEach, expect, test } from 'vitest'
import { KEY, openApp } from '../../../test/support/open-app.ts'
import { says } from '../../../test/support/scripted-engine.ts'
import type { AppEnv } from '../deps.ts'
import { startServer, type HttpServer } from '../server.ts'

/** More than the sockets between the two take. */
const LARGE = 'x'.repeat(64 * 1024 * 1024)
const LIMIT_MS = 300

let server: HttpServer | undefined
let client: Socket | undefined
afterEach(async () => {
  client?.destroy()
  await server?.close({ graceMs: 0 })
})

/** A server of its own, a connection to it with the request on it, and the server's end of that connection. */
async function send(lines: readonly string[], body = '') {
  const gate = Promise.withResolvers<void>()
  const opened = openApp(() => [gate.promise, ...says('done')], {
    documents: new Map([['large', LARGE]]),
    writeTimeoutMs: LIMIT_MS,
    headerHoldMs: 0,
  })
  const accepted = Promise.withResolvers<Socket>()
  const app = new Hono<AppEnv>()
  app.use(async (c, next) => {
    if (c.env.incoming !== undefined) accepted.resolve(c.env.incoming.socket)
    await next()
  })
  app.route('/', opened.app)
  server = await startServer(app, { host: '127.0.0.1', port: 0 })
  client = connect(Number(new URL(server.url).port), '127.0.0.1')
  await once(client, 'connect')
  client.write(`${[...lines, 'host: x', `authorization: Bearer ${KEY}`].join('\r\n')}\r\n\r\n${body}`)
  return { ...opened, gate, client, socket: await accepted.promise }
}

test('[ST20] a client that takes nothing of a response loses its connection', async () => {
  const { client: reader, observer } = await send(['GET /docs/large HTTP/1.1'])
  reader.pause()
  await observer.until(({ type }) => type === 'client-stalled')
  // What is in the sockets is read; behind it the connection is broken.
  let bytes = 0
  reader.on('data', (chunk: Buffer) => (bytes += chunk.length))
  reader.on('error', () => undefined)
  reader.resume()
  await once(reader, 'close')
  expect(bytes).toBeLessThan(LARGE.length)
})

test('[ST20] a client that reads gets all of it', async () => {
  const { client: reader, observer } = await send(['GET /docs/large HTTP/1.1', 'connection: close'])
  let bytes = 0
  for await (const chunk of reader) bytes += (chunk as Buffer).length
  expect(bytes).toBeGreaterThan(LARGE.length)
  expect(observer.of('client-stalled')).toEqual([])
})

test('[ST20] a stream that is silent for longer than the limit is left alone', async () => {
  const body = JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'hello' }] })
  const headers = ['POST /v1/chat/completions HTTP/1.1', 'connection: close', `content-length: ${body.length}`]
  const { client: reader, socket, observer, clock, gate } = await send(headers, body)
  await clock.untilArmed(0)
  await clock.advance(0)
  await once(socket, 'timeout')
  gate.resolve()
  let text = ''
  for await (const chunk of reader) text += String(chunk)
  expect(text).toContain('data: [DONE]')
  expect(observer.of('client-stalled')).toEqual([])
})
