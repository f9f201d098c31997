import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSocketServer, type AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { answerPng, PNG, pngPicture, startPictureServer } from '../../test/support/picture-server.ts'
import { createPictureFetcher, type PictureFetcherOptions } from './picture-fetcher.ts'

const never = new AbortController().signal
const failureOf = (fetched: Promise<unknown>): Promise<unknown> =>
  fetched.then(
    () => 'no failure',
    (error: unknown) => error,
  )
const silence: RequestListener = () => undefined

function openFetcher(options: Partial<PictureFetcherOptions> = {}) {
  const clock = createManualClock()
  const fetcher = createPictureFetcher({ clock, privateHosts: ['127.0.0.1'], ...options })
  return { clock, fetch: (url: string, signal = never) => fetcher.fetch(url, { scope: 'a', signal }) }
}

/** Sends the same bytes to whoever connects, whatever is asked, and ends. */
async function startRawServer(bytes: string) {
  const server = createSocketServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(bytes, 'latin1'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => void (await new Promise((resolve) => server.close(resolve))),
  }
}

test('[IM2] a picture is what its bytes say, and it is asked for plainly', async () => {
  await using server = await startPictureServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(PNG)
  })
  expect(await openFetcher().fetch(server.urlOf('/a%20b?c=d#e'))).toEqual(pngPicture)
  const [request] = server.requests
  expect(request?.url).toBe('/a%20b?c=d')
  expect(request?.headers).toEqual({
    host: server.host,
    'user-agent': 'vivavoce',
    accept: 'image/*',
    'accept-encoding': 'identity',
    connection: 'close',
  })
})

test.each([
  ['text', 'hello'],
  ['nothing', ''],
  ['a compressed picture', gzipSync(PNG)],
])('[IM2] %s is no picture', async (_kind, body) => {
  await using server = await startPictureServer((_request, response) => void response.end(body))
  await expect(openFetcher().fetch(server.urlOf('/'))).rejects.toMatchObject({
    name: 'OutboundError',
    problem: 'the data is no PNG, JPEG, GIF or WebP image',
    retryable: false,
  })
})

test.each([
  [201, false],
  [204, false],
  [302, false],
  [304, false],
  [403, false],
  [404, false],
  [429, true],
  [500, true],
  [503, true],
])('[IM2] status %i gives no picture', async (status, retryable) => {
  await using server = await startPictureServer((_request, response) => void response.writeHead(status).end(PNG))
  const problem = `the server answered with status ${status}`
  await expect(openFetcher().fetch(server.urlOf('/'))).rejects.toMatchObject({ problem, retryable })
})

test('[IM2] a picture may be as large as the limit and no larger', async () => {
  const large = Buffer.concat([PNG, Buffer.alloc(3 * 1024 * 1024 - PNG.length)])
  await using server = await startPictureServer(({ url }, response) => {
    if (url === '/chunked') response.write(large.subarray(0, 5))
    response.end(url === '/chunked' ? large.subarray(5) : large)
  })
  const { fetch } = openFetcher({ maxBytes: large.length })
  expect((await fetch(server.urlOf('/'))).base64).toBe(large.toString('base64'))
  expect((await fetch(server.urlOf('/chunked'))).base64).toBe(large.toString('base64'))
  const problem = `it is larger than ${large.length - 1} bytes`
  const strict = openFetcher({ maxBytes: large.length - 1 })
  await expect(strict.fetch(server.urlOf('/'))).rejects.toMatchObject({ problem, retryable: false })
  await expect(strict.fetch(server.urlOf('/chunked'))).rejects.toMatchObject({ problem })
})

test('[IM2] a body without end is left at the limit', async () => {
  const left = Promise.withResolvers<void>()
  await using server = await startPictureServer((_request, response) => {
    const more = (): void => {
      while (response.write(Buffer.alloc(65_536)));
    }
    response.on('drain', more)
    response.on('close', left.resolve)
    response.write(PNG)
    more()
  })
  const problem = 'it is larger than 10 MiB'
  await expect(openFetcher().fetch(server.urlOf('/'))).rejects.toMatchObject({ problem })
  await left.promise
  expect(server.requests).toHaveLength(1)
})

test('[IM2] a length that is declared larger than the limit is not waited for', async () => {
  await using server = await startPictureServer((_request, response) => {
    response.writeHead(200, { 'content-length': 11 * 1024 * 1024 })
    response.write(PNG)
  })
  const problem = 'it is larger than 10 MiB'
  await expect(openFetcher().fetch(server.urlOf('/'))).rejects.toMatchObject({ problem })
})

test('[IM2] what follows the declared length is not read', async () => {
  const picture = PNG.toString('latin1')
  await using server = await startRawServer(
    `HTTP/1.1 200 OK\r\ncontent-length: ${PNG.length}\r\n\r\n${picture}${'x'.repeat(9999)}`,
  )
  expect(await openFetcher().fetch(server.url)).toEqual(pngPicture)
})

test.each([
  ['the server broke off its answer', 'HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n\x89PNG\r\n\x1a\n'],
  [
    'the server broke off its answer',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n\x89PNG\r\n\x1a\n\r\n',
  ],
  ['the address could not be reached', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['the address could not be reached', ''],
  ['the address could not be reached', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(99_999)}\r\n\r\n`],
])('[IM2] %s where a server sends %j', async (problem, bytes) => {
  await using server = await startRawServer(bytes)
  await expect(openFetcher().fetch(server.url)).rejects.toMatchObject({ problem, retryable: true })
})

test('[IM2] a server that switches to another protocol gives no picture', async () => {
  await using server = await startRawServer(
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  )
  await expect(openFetcher().fetch(server.url)).rejects.toMatchObject({ name: 'OutboundError' })
})

test('[IM2] a server that is not there, or speaks no TLS, could not be reached; why is for the log', async () => {
  const closed = createServer()
  closed.listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  await new Promise((resolve) => closed.close(resolve))
  await using server = await startPictureServer()
  const problem = 'the address could not be reached'
  const { fetch } = openFetcher()
  for (const url of [`http://127.0.0.1:${port}/`, `https://${server.host}/`]) {
    const expected = { problem, message: problem, retryable: true, cause: expect.any(Error) as Error }
    await expect(fetch(url)).rejects.toMatchObject(expected)
  }
})

test('[IM2] a server that does not answer is left after the limit on time', async () => {
  const left = Promise.withResolvers<void>()
  await using server = await startPictureServer((_request, response) => void response.on('close', left.resolve))
  const { clock, fetch } = openFetcher()
  const fetched = failureOf(fetch(server.urlOf('/')))
  await server.untilAsked(1)
  await clock.advance(9_999)
  expect(clock.armed).toBe(1)
  await clock.advance(1)
  expect(await fetched).toMatchObject({ problem: 'it took longer than 10 s', retryable: true })
  await left.promise
})

test('[IM2] the limit on time is one for the answer, its redirects and its body', async () => {
  await using server = await startPictureServer(({ url }, response) => {
    if (url === '/') response.writeHead(302, { location: '/body' }).end()
    else response.write(PNG)
  })
  const { clock, fetch } = openFetcher({ limitMs: 2_500 })
  const fetched = failureOf(fetch(server.urlOf('/')))
  await server.untilAsked(1)
  await clock.advance(2_000)
  await server.untilAsked(2)
  await clock.advance(500)
  expect(await fetched).toMatchObject({ problem: 'it took longer than 2.5 s' })
})

test('[IM2] a name that is not resolved in time is left', async () => {
  const asked = Promise.withResolvers<void>()
  const { clock, fetch } = openFetcher({
    lookup: async () => {
      asked.resolve()
      return await new Promise<never>(() => undefined)
    },
  })
  const fetched = failureOf(fetch('http://pictures.test/'))
  await asked.promise
  await clock.advance(10_000)
  expect(await fetched).toMatchObject({ problem: 'it took longer than 10 s' })
})

test('[IM2] redirects are followed to where they lead, without the cookies that are set on the way', async () => {
  await using other = await startPictureServer()
  await using server = await startPictureServer(({ url }, response) => {
    const location = url === '/here/a' ? '../there' : other.urlOf('/picture')
    response.writeHead(url === '/here/a' ? 301 : 307, { location, 'set-cookie': 'a=b' }).end('moved')
  })
  expect(await openFetcher().fetch(server.urlOf('/here/a'))).toEqual(pngPicture)
  expect(server.requests.map(({ url }) => url)).toEqual(['/here/a', '/there'])
  expect(other.requests.map(({ url, headers }) => [url, headers.cookie])).toEqual([['/picture', undefined]])
})

test('[IM2] five redirects are followed and a sixth is not', async () => {
  await using server = await startPictureServer(({ url }, response) => {
    const left = Number(url?.slice(1))
    if (left === 0) response.end(PNG)
    else response.writeHead(302, { location: `/${left - 1}` }).end()
  })
  const { fetch } = openFetcher()
  expect(await fetch(server.urlOf('/5'))).toEqual(pngPicture)
  expect(server.requests).toHaveLength(6)
  const problem = 'it is redirected more than 5 times'
  await expect(fetch(server.urlOf('/99'))).rejects.toMatchObject({ problem })
  expect(server.requests).toHaveLength(12)
})

test('[IM2] no more are fetched at a time than there are places', async () => {
  const answers: (() => void)[] = []
  await using server = await startPictureServer((request, response) => {
    answers.push(() => answerPng(request, response))
  })
  const { fetch } = openFetcher({ atOnce: 2 })
  const fetched = Promise.all(['/1', '/2', '/3', '/4'].map((path) => fetch(server.urlOf(path))))
  await server.untilAsked(2)
  for (const [done, most] of [
    [1, 3],
    [2, 4],
  ] as const) {
    answers[done - 1]?.()
    await server.untilAsked(most)
    expect(server.requests).toHaveLength(most)
  }
  answers[2]?.()
  answers[3]?.()
  expect(await fetched).toHaveLength(4)
})

test('[IM2] waiting for a place counts as time, and the line has an end', async () => {
  await using server = await startPictureServer(silence)
  const { clock, fetch } = openFetcher({ atOnce: 1 })
  const waiting = Array.from({ length: 513 }, (_, index) => fetch(server.urlOf(`/${index}`)))
  const late = Promise.allSettled(waiting)
  await expect(fetch(server.urlOf('/over'))).rejects.toMatchObject({
    problem: 'too many pictures are being fetched',
    retryable: true,
  })
  await server.untilAsked(1)
  await clock.advance(10_000)
  const problems = (await late).map((settled) => settled.status === 'rejected' && String(settled.reason))
  expect(new Set(problems)).toEqual(new Set(['OutboundError: it took longer than 10 s']))
  expect(clock.armed).toBe(0)
})

test.each(['/head', '/body'])(
  '[IM2] an abort ends the fetch of %s at once and surfaces as its reason',
  async (path) => {
    const left = Promise.withResolvers<void>()
    await using server = await startPictureServer((_request, response) => {
      response.on('close', left.resolve)
      if (path === '/body') response.write(PNG)
    })
    const { clock, fetch } = openFetcher()
    const caller = new AbortController()
    const reason = new Error('the caller left')
    const fetched = failureOf(fetch(server.urlOf(path), caller.signal))
    await server.untilAsked(1)
    await clock.advance(1)
    caller.abort(reason)
    expect(await fetched).toBe(reason)
    await clock.advance(0)
    expect(clock.armed).toBe(0)
    await left.promise
  },
)

test('[IM2] an abort before or in the line asks nobody', async () => {
  await using server = await startPictureServer(silence)
  const { fetch } = openFetcher({ atOnce: 1 })
  const [first, second] = [new AbortController(), new AbortController()]
  const reason = new Error('the caller left')
  await expect(fetch(server.urlOf('/0'), AbortSignal.abort(reason))).rejects.toBe(reason)
  const fetched = failureOf(fetch(server.urlOf('/1'), first.signal))
  const waited = failureOf(fetch(server.urlOf('/2'), second.signal))
  await server.untilAsked(1)
  second.abort(reason)
  expect(await waited).toBe(reason)
  first.abort(reason)
  expect(await fetched).toBe(reason)
  expect(server.requests.map(({ url }) => url)).toEqual(['/1'])
})
