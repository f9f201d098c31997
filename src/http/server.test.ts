import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { openApp, KEY } from '../../test/support/open-app.ts'
import { says } from '../../test/support/scripted-engine.ts'
import { startServer, type ConnectionLimits } from './server.ts'

const LIMITS: ConnectionLimits = {
  keepAliveMs: 60_000,
  headersMs: 200,
  requestMs: 400,
  checkEveryMs: 50,
  connections: 2000,
}

async function open(limits: Partial<ConnectionLimits> = {}) {
  const { app, background } = openApp(() => says('a'), { maxBodyBytes: 1024 * 1024 })
  const server = await startServer(app, { host: '127.0.0.1', port: 0, limits: { ...LIMITS, ...limits } })
  const dial = async (...pieces: readonly string[]) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => (received += text))
    socket.on('error', () => undefined)
    const closed = once(socket, 'close').then(() => received)
    await once(socket, 'connect')
    for (const piece of pieces) socket.write(piece)
    return {
      socket,
      closed,
      received: () => received,
      until: async (text: string) => await expect.poll(() => received, { timeout: 5000 }).toContain(text),
    }
  }
  return { dial, background, [Symbol.asyncDispose]: () => server.close({ graceMs: 0 }) }
}

const GET = `GET /v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\n`
const POST = `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\n`

test.each([
  ['headers', GET],
  ['a first byte', ''],
  ['a body', `${POST}content-length: 100\r\n\r\n{"mess`],
])('[LM10] [ER25] a connection that waits for %s in vain is answered with 408 and closed', async (_what, sent) => {
  await using server = await open()
  const { closed } = await server.dial(sent)
  const answer = await closed
  expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  expect(answer).toContain('"code":"request_timeout"')
})

test('[LM15] [R11] a connection that is kept may be idle for longer than the limit on headers', async () => {
  await using server = await open()
  const { socket, until, received } = await server.dial(`${GET}\r\n`)
  await until('}]}')
  // Another connection that sends nothing is closed meanwhile, twice over.
  for (let times = 0; times < 2; times++) await (await server.dial('')).closed
  const before = received().length
  socket.write(`${GET}\r\n`)
  await expect.poll(() => received().length, { timeout: 5000 }).toBeGreaterThan(before)
  expect(received()).not.toContain('HTTP/1.1 408')
  socket.destroy()
})

test('[LM11] a connection beyond the limit is closed, and one that ends makes room', async () => {
  await using server = await open({ connections: 2 })
  const kept = [await server.dial(`${GET}\r\n`), await server.dial(`${GET}\r\n`)]
  for (const { until } of kept) await until('}]}')
  expect(await (await server.dial(`${GET}\r\n`)).closed).toBe('')
  kept[0]?.socket.destroy()
  await kept[0]?.closed
  const { until, socket } = await server.dial(`${GET}\r\n`)
  await until('}]}')
  socket.destroy()
  kept[1]?.socket.destroy()
})

const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`

test.each([
  ['a length that is too large', `${POST}content-length: 20000000\r\n\r\n`, 20_000_000, '413'],
  ['more than it may', `${POST}transfer-encoding: chunked\r\n\r\n`, undefined, '413'],
  ['no key', `${POST.replace(KEY, 'wrong')}content-length: 20000000\r\n\r\n`, 20_000_000, '401'],
])(
  '[LM12] a client that sends %s slowly reads the refusal, and its connection is kept',
  async (_what, head, length, status) => {
    await using server = await open({ headersMs: 400, requestMs: 60_000 })
    const { socket, until, received } = await server.dial(head)
    // At once, up to the limit and a little further.
    const pieces = length === undefined ? Array.from({ length: 20 }, () => chunk) : [`{"messages":`]
    for (const piece of pieces) socket.write(piece)
    await until(`HTTP/1.1 ${status} `)
    // Longer than the half second after which the connection was once destroyed.
    for (let times = 0; times < 2; times++) await (await server.dial('')).closed
    if (length === undefined) socket.write('0\r\n\r\n')
    else {
      let left = length - 12
      while (left > 0) {
        const size = Math.min(left, 1_000_000)
        if (!socket.write('x'.repeat(size))) await once(socket, 'drain')
        left -= size
      }
    }
    socket.write(`${GET}\r\n`)
    await until('"object":"list"')
    expect(received().match(/HTTP\/1\.1 \d/g)).toHaveLength(2)
    socket.destroy()
  },
)

test('[LM12] [CA5] nothing waits for the rest of a refused body whose client has left', async () => {
  await using server = await open({ headersMs: 10_000, requestMs: 60_000 })
  const { socket, until, closed } = await server.dial(`${POST}transfer-encoding: chunked\r\n\r\n`)
  for (let piece = 0; piece < 20; piece++) socket.write(chunk)
  await until('HTTP/1.1 413 ')
  socket.destroy()
  await closed
  await server.background.close()
})
