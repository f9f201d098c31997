import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { startCallbackReceiver, type Received } from '../../test/support/callback-receiver.ts'
import { createManualClock, skipping } from '../../test/support/manual-clock.ts'
import { createCallbackSender, type CallbackSenderOptions } from './callback-sender.ts'

const never = new AbortController().signal
const SECRET = `whsec_${Buffer.from('twenty-four bytes or more').toString('base64')}`
const BODY = '{"job_id":"job_1","status":"completed"}'
const NOT_PUBLIC = { ok: false, retryable: false, reason: 'the address does not exist or is not public' }
const UNREACHED = { ok: false, retryable: true, reason: 'the address could not be reached' }
const TOO_LONG = { ok: false, retryable: true, reason: 'it took longer than 10 s' }

/** The library that verifies reads the machine's clock. */
function openSender(options: Partial<CallbackSenderOptions> = {}) {
  const clock = createManualClock({ startMs: Date.now() })
  const sender = createCallbackSender({
    secret: SECRET,
    version: '1.2.3',
    privateHosts: ['127.0.0.1'],
    clock: skipping(clock, 500),
    ...options,
  })
  const send = (url: string, { id = 'job_1', body = BODY, signal = never } = {}) =>
    sender.send({ url, id, body, signal })
  return { clock, send }
}

const verify = ({ body, headers }: Received, secret = SECRET): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>)

/** Resolves once the head of the next answer has been read in this process. */
async function untilAnswered(): Promise<void> {
  const channel = 'http.client.response.finish'
  const answered = Promise.withResolvers<void>()
  const listener = (): void => answered.resolve()
  subscribe(channel, listener)
  await answered.promise
  unsubscribe(channel, listener)
  await setImmediate()
}

/** A server of sockets: `serve` gets each of them with its first bytes. */
async function startSocketServer(serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createSocketServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('readable', () => serve(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('[CB2] a callback is posted as JSON, under the headers of Standard Webhooks', async () => {
  await using receiver = await startCallbackReceiver()
  const { clock, send } = openSender()
  expect(await send(receiver.urlOf('/a%20b?c=d#e'))).toEqual({ ok: true, status: 200 })
  expect(receiver.received).toEqual([
    {
      method: 'POST',
      path: '/a%20b?c=d',
      headers: {
        host: receiver.host,
        connection: 'close',
        'content-type': 'application/json',
        'content-length': String(BODY.length),
        'user-agent': 'vivavoce/1.2.3',
        'webhook-id': 'job_1',
        'webhook-timestamp': String(Math.floor(clock.nowMs() / 1000)),
        'webhook-signature': expect.stringMatching(/^v1,[\w+/]{43}=$/),
      },
      body: BODY,
    },
  ])
})

test('[CB2] its signature is right under its secret and under no other', async () => {
  await using receiver = await startCallbackReceiver()
  await openSender().send(receiver.urlOf('/'))
  const [received] = receiver.received
  expect(received && verify(received)).toEqual(JSON.parse(BODY))
  const other = `whsec_${Buffer.from('another text of some length').toString('base64')}`
  expect(() => received && verify(received, other)).toThrow('No matching signature found')
})

test('[CB2] an attempt that is made later keeps the id and has a time and a signature of its own', async () => {
  await using receiver = await startCallbackReceiver()
  const { clock, send } = openSender()
  await send(receiver.urlOf('/'))
  await clock.advance(61_000)
  await send(receiver.urlOf('/'))
  const [first, second] = receiver.received.map(({ headers }) => headers)
  expect(second?.['webhook-id']).toBe(first?.['webhook-id'])
  expect(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp'])).toBe(61)
  expect(second?.['webhook-signature']).not.toBe(first?.['webhook-signature'])
  expect(receiver.received.map((received) => verify(received))).toEqual(Array(2).fill(JSON.parse(BODY)))
})

test.each([
  ['Cyrillic and pictures', JSON.stringify({ output: 'Здравей, свят! 👩‍👩‍👧 \u2028 “да”' })],
  ['half a character', JSON.stringify({ output: 'a\ud83d' })],
  ['half a character that is not escaped', '{"output":"a\ud83d"}'],
  ['nothing', ''],
  ['a megabyte', JSON.stringify({ output: 'ж'.repeat(500_000) })],
])('[CB2] a body of %s arrives as it was signed', async (_kind, body) => {
  await using receiver = await startCallbackReceiver()
  expect(await openSender().send(receiver.urlOf('/'), { body })).toEqual({ ok: true, status: 200 })
  const [received] = receiver.received
  expect(received?.body).toBe(body.toWellFormed())
  expect(received && verify(received)).toEqual(body === '' ? undefined : JSON.parse(body.toWellFormed()))
})

test('[CB2] callbacks that are sent at once do not mix', async () => {
  await using receiver = await startCallbackReceiver()
  const { clock, send } = openSender()
  const ids = Array.from({ length: 30 }, (_, index) => `job_${index}`)
  await Promise.all(ids.map((id) => send(receiver.urlOf(`/${id}`), { id, body: JSON.stringify({ id }) })))
  expect(receiver.received.map((received) => [received.path, verify(received)])).toEqual(
    expect.arrayContaining(ids.map((id) => [`/${id}`, { id }])),
  )
  expect(receiver.received).toHaveLength(30)
  expect(clock.armed).toBe(0)
})

test.each([
  [204, { ok: true, status: 204 }],
  [404, { ok: false, retryable: true, reason: 'the server answered with status 404' }],
  [503, { ok: false, retryable: true, reason: 'the server answered with status 503' }],
  [410, { ok: false, retryable: false, reason: 'the server answered with status 410: it wants no more callbacks' }],
])('[CB4] a receiver that answers with status %i', async (status, delivery) => {
  await using receiver = await startCallbackReceiver((_request, response) => void response.writeHead(status).end('no'))
  expect(await openSender().send(receiver.urlOf('/'))).toEqual(delivery)
})

test.each([301, 302, 303, 307, 308])('[CB3] a redirect with status %i is not followed', async (status) => {
  await using inside = await startCallbackReceiver()
  await using receiver = await startCallbackReceiver((_request, response) => {
    response.writeHead(status, { location: inside.urlOf('/') }).end()
  })
  const { send } = openSender()
  expect(await send(receiver.urlOf('/'))).toEqual({
    ok: false,
    retryable: false,
    reason: `the server answered with status ${status}, and redirects are not followed`,
  })
  expect([receiver.received.length, inside.received.length]).toEqual([1, 0])
})

test.each(['127.0.0.1', 'localhost', '127.1', '[::ffff:127.0.0.1]', 'inside.test'])(
  '[CB3] a private address is not asked by the name of %s',
  async (host) => {
    await using receiver = await startCallbackReceiver()
    const { send } = openSender({ privateHosts: [], lookup: () => Promise.resolve(['127.0.0.1']) })
    expect(await send(`http://${host}:${receiver.port}/`)).toMatchObject(NOT_PUBLIC)
    expect(receiver.received).toEqual([])
  },
)

test('[CB3] a name that stands for a private address is asked where the operator allows the name, on that port', async () => {
  await using receiver = await startCallbackReceiver()
  await using other = await startCallbackReceiver()
  const { send } = openSender({
    privateHosts: [`nas.test:${receiver.port}`],
    lookup: () => Promise.resolve(['127.0.0.1']),
  })
  expect(await send(`http://nas.test:${receiver.port}/`)).toEqual({ ok: true, status: 200 })
  expect(await send(`http://nas.test:${other.port}/`)).toMatchObject(NOT_PUBLIC)
  expect(await send(`http://127.0.0.1:${receiver.port}/`)).toMatchObject(NOT_PUBLIC)
  expect(receiver.received[0]?.headers.host).toBe(`nas.test:${receiver.port}`)
  expect([receiver.received.length, other.received.length]).toEqual([1, 0])
})

test('[CB3] localhost is asked where the operator allows it, as the system resolves it', async () => {
  await using receiver = await startCallbackReceiver()
  const { send } = openSender({ privateHosts: ['localhost'] })
  expect(await send(`http://localhost:${receiver.port}/`)).toEqual({ ok: true, status: 200 })
})

test('[CB3] an address of IPv6 is asked in its brackets, where the operator allows it', async ({ skip }) => {
  const receiver = await startCallbackReceiver(undefined, { address: '::1' }).catch(() => skip('no IPv6 here'))
  await using _receiver = receiver
  expect(await openSender().send(receiver.urlOf('/'))).toMatchObject(NOT_PUBLIC)
  expect(await openSender({ privateHosts: [receiver.host] }).send(receiver.urlOf('/'))).toEqual({
    ok: true,
    status: 200,
  })
  expect(receiver.received.map(({ headers }) => headers.host)).toEqual([receiver.host])
})

test('[CB3] a name that is public when it is looked at and private a moment later leads nowhere private', async () => {
  await using receiver = await startCallbackReceiver()
  const asked: string[] = []
  const { clock, send } = openSender({
    privateHosts: [],
    // In the public range and given to nobody: whoever connects to it reaches nothing.
    lookup: async (hostname) => (asked.push(hostname) === 1 ? ['3ffe:ffff:ffff::1'] : ['127.0.0.1']),
  })
  const sent = send(`http://rebound.test:${receiver.port}/`)
  await clock.advance(10_000)
  expect(await sent).toMatchObject({ reason: expect.stringMatching(/could not be reached$|took longer than 10 s$/) })
  expect(asked).toEqual(['rebound.test'])
  expect(receiver.received).toEqual([])
})

test('[CB4] a name that cannot be resolved may be resolved later', async () => {
  const cause = new Error('no resolver at 10.0.0.53')
  const { send } = openSender({ lookup: () => Promise.reject(cause) })
  expect(await send('https://callbacks.test/')).toEqual({ ...UNREACHED, cause })
})

test.each(['ENOTFOUND', 'EINVAL'])(
  '[CB3] [IM8] a name that nobody has is refused as a private one is: %s',
  async (code) => {
    const unknown = openSender({ lookup: () => Promise.reject(Object.assign(new Error(code), { code })) })
    const inside = openSender({ privateHosts: [], lookup: () => Promise.resolve(['10.0.0.1']) })
    const sent = await unknown.send('https://callbacks.test/')
    expect(sent).toEqual({ ...NOT_PUBLIC, cause: undefined })
    expect(await inside.send('https://callbacks.test/')).toEqual(sent)
  },
)

test('[CB4] [IM7] a private host that the operator allows and that is missing may be back later', async () => {
  const cause = Object.assign(new Error('gone'), { code: 'ENOTFOUND' })
  const { send } = openSender({ privateHosts: ['nas.test'], lookup: () => Promise.reject(cause) })
  expect(await send('http://nas.test/')).toMatchObject(UNREACHED)
})

test.each([
  ['resets the connection', (socket: Socket) => void socket.resetAndDestroy()],
  ['ends the connection', (socket: Socket) => void socket.end()],
  ['speaks another protocol', (socket: Socket) => void socket.end('SSH-2.0-OpenSSH_9.9\r\n')],
  ['sends a head without end', (socket: Socket) => void socket.end(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(99_999)}`)],
])('[CB4] a server that %s may do better later; why is for the log', async (_kind, serve) => {
  await using server = await startSocketServer(serve)
  const { clock, send } = openSender()
  const body = JSON.stringify('a'.repeat(1_000_000))
  expect(await send(server.url, { body })).toEqual({ ...UNREACHED, cause: expect.any(Error) })
  expect(clock.armed).toBe(0)
})

test('[CB4] a server that is not there, or speaks no TLS, may do better later', async () => {
  const gone = await startCallbackReceiver()
  await gone[Symbol.asyncDispose]()
  await using receiver = await startCallbackReceiver()
  const { send } = openSender()
  expect(await send(gone.urlOf('/'))).toMatchObject(UNREACHED)
  expect(await send(`https://${receiver.host}/`)).toMatchObject(UNREACHED)
  expect(receiver.received).toEqual([])
})

test('[CB5] a server that does not answer is left after ten seconds', async () => {
  const left = Promise.withResolvers<void>()
  await using receiver = await startCallbackReceiver((_request, response) => void response.on('close', left.resolve))
  const { clock, send } = openSender()
  const sent = send(receiver.urlOf('/'))
  await receiver.untilAsked(1)
  await clock.advance(9_999)
  expect(clock.armed).toBe(1)
  await clock.advance(1)
  expect(await sent).toMatchObject(TOO_LONG)
  await left.promise
})

test('[CB5] a server that does not take the body is left after ten seconds', async () => {
  const taken = Promise.withResolvers<void>()
  await using server = await startSocketServer(() => taken.resolve())
  const { clock, send } = openSender()
  const sent = send(server.url, { body: JSON.stringify('a'.repeat(30_000_000)) })
  await taken.promise
  await clock.advance(10_000)
  expect(await sent).toMatchObject(TOO_LONG)
})

test('[CB5] a name that is not resolved in time is left', async () => {
  const { clock, send } = openSender({ lookup: () => new Promise<never>(() => undefined), timeoutMs: 2_500 })
  const sent = send('https://callbacks.test/')
  await clock.advance(2_500)
  expect(await sent).toMatchObject({ ok: false, retryable: true, reason: 'it took longer than 2.5 s' })
})

test('[CB5] an answer without end is left at its limit, and its status counts', async () => {
  const left = Promise.withResolvers<void>()
  await using receiver = await startCallbackReceiver((_request, response) => {
    const more = (): void => {
      while (response.write(Buffer.alloc(65_536)));
    }
    response.on('drain', more)
    response.on('close', left.resolve)
    more()
  })
  const { clock, send } = openSender()
  expect(await send(receiver.urlOf('/'))).toEqual({ ok: true, status: 200 })
  expect(clock.armed).toBe(0)
  await left.promise
})

test.each([
  [200, { ok: true, status: 200 }],
  [500, { ok: false, retryable: true, reason: 'the server answered with status 500' }],
])('[CB5] an answer that begins with status %i and stalls is left after ten seconds', async (status, delivery) => {
  const left = Promise.withResolvers<void>()
  await using receiver = await startCallbackReceiver((_request, response) => {
    response.on('close', left.resolve)
    response.writeHead(status).write('a')
  })
  const { clock, send } = openSender()
  const answered = untilAnswered()
  const sent = send(receiver.urlOf('/'))
  await answered
  await clock.advance(10_000)
  expect(await sent).toEqual(delivery)
  await left.promise
})

test('[CB5] an answer that breaks off after its status counts by its status', async () => {
  await using server = await startSocketServer((socket) => {
    socket.end('HTTP/1.1 202 Accepted\r\ncontent-length: 999\r\n\r\nabc')
  })
  expect(await openSender().send(server.url)).toEqual({ ok: true, status: 202 })
})

test('[CB4] an abort before an answer surfaces as its reason, and the connection is gone', async () => {
  const left = Promise.withResolvers<void>()
  const silence: RequestListener = (_request, response) => void response.on('close', left.resolve)
  await using receiver = await startCallbackReceiver(silence)
  const { clock, send } = openSender()
  const stopping = new AbortController()
  const reason = new Error('the server is stopping')
  const sent = send(receiver.urlOf('/'), { signal: stopping.signal })
  await receiver.untilAsked(1)
  stopping.abort(reason)
  await expect(sent).rejects.toBe(reason)
  await left.promise
  expect(clock.armed).toBe(0)
  await expect(send(receiver.urlOf('/'), { signal: stopping.signal })).rejects.toBe(reason)
  expect(receiver.received).toHaveLength(1)
})

test('[CB5] an abort after the status leaves the delivery as it is', async () => {
  await using receiver = await startCallbackReceiver((_request, response) => void response.writeHead(200).write('a'))
  const { send } = openSender()
  const stopping = new AbortController()
  const answered = untilAnswered()
  const sent = send(receiver.urlOf('/'), { signal: stopping.signal })
  await answered
  stopping.abort(new Error('the server is stopping'))
  expect(await sent).toEqual({ ok: true, status: 200 })
})

test('[CB6] what is told of a failure holds nothing of the address and the secret', async () => {
  await using receiver = await startCallbackReceiver((_request, response) => void response.writeHead(500).end('inside'))
  const { send } = openSender()
  for (const url of [
    receiver.urlOf('/hidden?key=hidden'),
    'http://hidden:hidden@127.0.0.1/',
    'http://hidden.invalid/',
    'ftp://hidden/',
    'hidden',
  ]) {
    const delivery = await send(url)
    expect(delivery.ok || delivery.reason).not.toMatch(/hidden|127|inside|whsec|true/)
  }
})
