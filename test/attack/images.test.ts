import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../support/stage.ts'
import { PNG, startPictureServer, type PictureServer } from '../support/picture-server.ts'
import { KEY, QUIET_KEY, startProbedGateway, type ProbedGateway, type Reply } from './probed-gateway.ts'
import { scaled } from './scale.ts'

const MIB = 1024 * 1024
const MAX_BUSY_MS = 100
const PATH = '/v1/chat/completions'
/** As large as an image may be, behind a head that is read as one. */
const LARGE = Buffer.concat([PNG, Buffer.alloc(10 * MIB - PNG.length)])

let server: PictureServer
let gateway: ProbedGateway
beforeAll(async () => {
  server = await startPictureServer((request, response) => void response.end(request.url === '/small' ? PNG : LARGE))
  gateway = await startProbedGateway({ VIVAVOCE_PRIVATE_HOSTS: server.host, MAX_CONCURRENCY: '2' })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const asking = (urls: readonly string[], text = 'say exactly: seen'): string =>
  JSON.stringify({
    model: 'haiku',
    stream: true,
    messages: [
      {
        role: 'user',
        content: [{ type: 'text', text }, ...urls.map((url) => ({ type: 'image_url', image_url: { url } }))],
      },
    ],
  })

const errorIn = ({ text }: Reply): { readonly code: string; readonly message: string } =>
  (JSON.parse(text) as { readonly error: { readonly code: string; readonly message: string } }).error

test('[LM7] one large image that is named 35 times is refused for what all of them come to', async () => {
  await gateway.report()
  const reply = await gateway.post(PATH, asking(Array.from({ length: 35 }, () => server.urlOf('/large'))))
  const { busyMs, peakResidentMb } = await gateway.report()
  expect(reply.status).toBe(400)
  expect(errorIn(reply)).toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(
      /^`messages\[0\]\.content\[\d+\]\.image_url\.url`: 20,971,5\d\d bytes of images and files were sent; at most 12,582,912 are possible\. Send fewer\.$/,
    ) as string,
  })
  expect(busyMs).toBeLessThan(MAX_BUSY_MS)
  expect(peakResidentMb).toBeLessThan(700)
})

test('[LM3] a request that names more images than may be fetches none', async () => {
  const before = server.requests.length
  const reply = await gateway.post(PATH, asking(Array.from({ length: 101 }, (_, at) => server.urlOf(`/large/${at}`))))
  expect([reply.status, errorIn(reply).code]).toEqual([400, 'invalid_request'])
  expect(server.requests.length).toBe(before)
})

interface Health {
  readonly active: number
  readonly queued: number
}

test('[LM9] the images of turns that wait are bounded, and another tenant’s image is still served', async () => {
  const leaving = new AbortController()
  const { signal } = leaving
  const hanging = gateway.post(PATH, asking([], '[rehearse hang=1] hi'), { signal })
  const health = async (): Promise<Health> =>
    (await (await fetch(`${gateway.url}/health`, { headers: { authorization: `Bearer ${KEY}` } })).json()) as Health
  await until(async () => (await health()).active === 1)
  await gateway.report()
  let refused = 0
  const waiting = Array.from({ length: scaled({ full: 40, short: 16 }) }, async (_, at) => {
    const { text } = await gateway.post(PATH, asking([server.urlOf(`/large/${at}`)]), { signal })
    // As a status, or as a frame where the headers had left.
    if (text.includes('"code":"overloaded"')) refused++
  })
  await until(async () => (await health()).queued + refused === waiting.length)
  const { queued } = await health()
  const quiet = await gateway.post(PATH, asking([server.urlOf('/small')]), {
    headers: { authorization: `Bearer ${QUIET_KEY}` },
  })
  const { peakResidentMb } = await gateway.report()
  leaving.abort()
  await Promise.all([hanging, ...waiting])
  expect(queued).toBeLessThanOrEqual(9)
  expect([quiet.status, quiet.text.includes('"content":"seen"')]).toEqual([200, true])
  expect(peakResidentMb).toBeLessThan(1200)
})
