import { setImmediate } from 'node:timers/promises'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { openApp } from '../../test/support/open-app.ts'
import { says } from '../../test/support/scripted-engine.ts'

const MIB = 1024 * 1024
const PATH = '/v1/chat/completions'
const TEXT = JSON.stringify({ messages: [{ role: 'user', content: 'Здравей 🙂' }] })

function open() {
  const { request, engine } = openApp(() => says('a'), { maxBodyBytes: MIB })
  const post = async (body: Uint8Array | string, headers: Record<string, string>, path = PATH) => {
    const response = await request(path, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers })
    const answer = (await response.json()) as { readonly error: { readonly code?: string; readonly message?: string } }
    return {
      status: response.status,
      headers: response.headers,
      code: answer.error?.code,
      message: answer.error?.message,
    }
  }
  return { post, said: () => engine.runs.map((run) => run.request.history[0]?.text) }
}

test.each([
  ['gzip', gzipSync(TEXT)],
  ['X-GZIP', gzipSync(TEXT)],
  ['deflate', deflateSync(TEXT)],
  ['deflate', deflateRawSync(TEXT)],
  ['gzip, deflate', deflateSync(gzipSync(TEXT))],
  ['identity', Buffer.from(TEXT)],
  [' gzip , identity,', gzipSync(TEXT)],
  ['gzip', Buffer.concat([gzipSync(TEXT.slice(0, 20)), gzipSync(TEXT.slice(20))])],
])('[CC34] a body in %s is decoded', async (coding, body) => {
  const { post, said } = open()
  expect(await post(body, { 'content-encoding': coding })).toMatchObject({ status: 200 })
  expect(said()).toEqual(['Здравей 🙂'])
})

test.each([
  ['gzip', gzipSync(Buffer.alloc(200 * MIB))],
  ['deflate', deflateSync(Buffer.alloc(200 * MIB))],
  ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(200 * MIB)))],
  ['gzip', gzipSync(JSON.stringify('x'.repeat(MIB)))],
])('[CC35] [ER9] a body that unpacks to more than the limit is 413: %s', async (coding, body) => {
  const { post, said } = open()
  const before = process.memoryUsage().arrayBuffers
  expect(await post(body, { 'content-encoding': coding })).toMatchObject({ status: 413, code: 'request_too_large' })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * MIB)
  expect(said()).toEqual([])
})

test('[LM16] bodies count while they unpack side by side, and are given back', async () => {
  const { request } = openApp(() => says('a'), { maxBodyBytes: 16 * MIB })
  const body = new Uint8Array(gzipSync(Buffer.alloc(16 * MIB, ' ')))
  const post = async (): Promise<number> =>
    (await request(PATH, { method: 'POST', body, headers: { 'content-encoding': 'gzip' } })).status
  const before = process.memoryUsage().arrayBuffers
  const over = new AbortController()
  let most = 0
  const posting = Promise.all(Array.from({ length: 40 }, post)).finally(() => over.abort())
  while (!over.signal.aborted) {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    await setImmediate()
  }
  expect(new Set(await posting)).toContain(503)
  expect(most).toBeLessThan(320 * MIB)
  expect(await post()).toBe(400)
})

test.each([
  ['gzip', Buffer.from(TEXT)],
  ['gzip', gzipSync(TEXT).subarray(0, -9)],
  ['deflate', Buffer.from([0x78, 0x9c, 1, 2, 3])],
  ['gzip, gzip', gzipSync(TEXT)],
])('[CC36] a body that is not what its coding says is 400: %s', async (coding, body) => {
  const { post, said } = open()
  expect(await post(body, { 'content-encoding': coding })).toMatchObject({
    status: 400,
    code: 'invalid_request',
    message: 'The body is not what `content-encoding` says. Send it whole in that coding.',
  })
  expect(said()).toEqual([])
})

test.each(['br', 'zstd', 'compress', 'constructor', 'gzip, br', 'gzip, gzip, gzip, gzip'])(
  '[ER20] a body in %s is 415, with what is read instead',
  async (coding) => {
    const { post, said } = open()
    const reply = await post(brotliCompressSync(TEXT), { 'content-encoding': coding })
    expect(reply).toMatchObject({
      status: 415,
      code: 'unsupported_encoding',
      message: 'The body has a `content-encoding` that cannot be read. Send the body as it is, or in gzip or deflate.',
    })
    expect([reply.headers.get('accept-encoding'), reply.headers.get('x-should-retry')]).toEqual([
      'gzip, deflate',
      'false',
    ])
    const plain = await post(TEXT, { 'content-encoding': coding }, '/execute')
    expect([plain.status, plain.headers.get('accept-encoding')]).toEqual([415, 'gzip, deflate'])
    expect(said()).toEqual([])
  },
)

test.each([
  ['latin-1', Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: 'café' }] }), 'latin1'), undefined],
  ['windows-1251', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc7, 0xe4]), Buffer.from('"}')]), undefined],
  ['UTF-16', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), undefined],
  ['half a character', Buffer.from(TEXT).subarray(0, 42), undefined],
  ['what says that it is latin-1', Buffer.from(TEXT), 'application/json; charset=ISO-8859-1'],
])('[ER21] a body in %s is 400, and nothing of it is changed', async (_kind, body, type) => {
  const { post, said } = open()
  expect(await post(body, type === undefined ? {} : { 'content-type': type })).toMatchObject({
    status: 400,
    code: 'invalid_request',
    message: 'The body is not UTF-8. Encode the JSON as UTF-8.',
  })
  expect(said()).toEqual([])
})

test.each([
  'application/json; charset=utf-8',
  'application/json;charset="UTF-8"',
  'text/plain',
  'application/json; charset=',
])('[ER21] a body in UTF-8 is read as %s, its byte order mark left out', async (type) => {
  const { post, said } = open()
  expect(await post(`\ufeff${TEXT}`, { 'content-type': type })).toMatchObject({ status: 200 })
  expect(said()).toEqual(['Здравей 🙂'])
})
