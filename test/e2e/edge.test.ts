import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KEY, startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { VIVAVOCE_MAX_BODY_MB: '1' } })
})
afterAll(() => stage.close())

/** What a connection answers to these bytes, written one after the other. */
async function raw(...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect(Number(new URL(stage.gateway.url).port), '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => answer.includes('\r\n\r\n') && /\r\n0\r\n\r\n$|[}]$/.test(answer))
  socket.end()
  await closed
  return answer
}

const head = (extra: string): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\n${extra}\r\n`
const body = (content: string): string => JSON.stringify({ stream: true, messages: [{ role: 'user', content }] })

describe('the edge over real sockets', () => {
  test('[CC14] a body in chunks, cut at any byte, is read', async () => {
    const bytes = Buffer.from(body('кажи точно: Здравей 🙂'))
    const chunks = Array.from(bytes, (byte) =>
      Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]),
    )
    const answer = await raw(head('transfer-encoding: chunked\r\n'), ...chunks, '0\r\n\r\n')
    expect(answer).toContain('HTTP/1.1 200 OK')
    expect(answer).toContain('"content":" 🙂"')
  })

  test('[ER9] a body that is too large is 413, told or found out, and the server goes on', async () => {
    const large = 'x'.repeat(1024 * 1024 + 1)
    expect((await stage.fetch('/v1/chat/completions', { body: body(large) })).status).toBe(413)
    const stream = new Blob([body(large)]).stream()
    const init: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: stream,
      duplex: 'half',
    }
    const chunked = await fetch(`${stage.gateway.url}/v1/chat/completions`, init)
    expect([chunked.status, await chunked.json()]).toEqual([
      413,
      { error: expect.objectContaining({ code: 'request_too_large' }) },
    ])
    expect((await stage.fetch('/v1/models')).status).toBe(200)
  })

  test.each([
    ['content-length: 5000\r\n', '{"messages":'],
    ['transfer-encoding: chunked\r\n', '5\r\n{"mes\r\n'],
  ])('[CA3] a caller that leaves while it sends its body is no failure (%j)', async (headers, part) => {
    const before = stage.observations.length
    const socket = connect(Number(new URL(stage.gateway.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(head(headers) + part)
    await new Promise((resolve) => setTimeout(resolve, 100))
    socket.destroy()
    const seen = await until(() => stage.observations.slice(before).find(({ type }) => type === 'request-finished'))
    expect(seen).toMatchObject({ left: true })
    expect(stage.observations.slice(before).filter(({ type }) => type === 'request-failed')).toEqual([])
  })

  test.each([
    ['no HTTP at all', 'NONSENSE\r\n\r\n'],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n'],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n'],
  ])('[ER1] [HE2] what is no request, %s, is refused in the same form', async (_, bytes) => {
    const answer = await raw(bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toMatch(/x-request-id: req_/)
    expect(answer).toContain('"type":"invalid_request_error"')
  })

  test.each([
    ['without a host', 'GET /health HTTP/1.0\r\n\r\n'],
    ['with a host', 'GET /health HTTP/1.0\r\nhost: x\r\n\r\n'],
    ['with an empty host', 'GET /health HTTP/1.0\r\nhost:\r\n\r\n'],
  ])('[HE3] HTTP/1.0 %s is answered, and the connection closed', async (_, bytes) => {
    const answer = await raw(bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    expect(answer).toContain('"status":"ok"')
  })

  test.each([
    ['one that is long', `x: ${'y'.repeat(20_000)}\r\n`],
    ['one of a megabyte', `x: ${'y'.repeat(1024 * 1024)}\r\n`],
    ['many', Array.from({ length: 1500 }, (_, index) => `x-${index}: ${index}\r\n`).join('')],
  ])('[ER26] headers of more than 16 KiB (%s) are 431', async (_, headers) => {
    const answer = await raw(`GET /health HTTP/1.1\r\nhost: x\r\n${headers}\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
    expect(answer).toMatch(/x-request-id: req_/)
    expect(answer).toContain('"code":"headers_too_large"')
  })

  test('[ER26] headers of just under 16 KiB are read', async () => {
    const answer = await raw(`GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: ${'y'.repeat(16_000)}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  test('[ER25] chunk extensions of more than 16 KiB are 413', async () => {
    const answer = await raw(head('transfer-encoding: chunked\r\n'), `5;x=${'y'.repeat(20_000)}\r\n{"mes\r\n0\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toMatch(/x-request-id: req_/)
    expect(answer).toContain('"code":"request_too_large"')
  })

  test('[ER1] [ST1] [R11] what is no request is told nothing in the middle of an answer, which is not kept open', async () => {
    const socket = connect(Number(new URL(stage.gateway.url).port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.on('error', () => undefined)
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    const sent = body('count to 400 [rehearse slow=20]')
    socket.write(`${head(`content-length: ${Buffer.byteLength(sent)}\r\n`)}${sent}`)
    await until(() => answer.includes('"content":"1"'))
    socket.write('NONSENSE\r\n\r\n')
    await closed
    expect(answer).not.toContain('400 Bad Request')
    expect(answer).toMatch(/keep-alive: timeout=180\r\n/i)
  })

  test('[CC14] [R1] an expectation that is not known is let through', async () => {
    const sent = body('say exactly: well')
    const headers = `expect: wonders\r\ncontent-length: ${Buffer.byteLength(sent)}\r\n`
    expect(await raw(head(headers), sent)).toContain('"content":"well"')
  })

  test('[CC4] a body that is nested without end is refused', async () => {
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    const response = await stage.fetch('/execute', {
      body: `{"prompt":"x","agent":"recruiter-triage","metadata":${deep}}`,
    })
    expect(response.status).toBe(400)
  })

  /** What a stream's connection has brought by then, at its first bytes. */
  async function firstBytes(content: string, own: Stage): Promise<readonly [string, () => void]> {
    const socket = connect(Number(new URL(own.gateway.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    const sent = body(content)
    socket.write(`${head(`content-length: ${Buffer.byteLength(sent)}\r\n`)}${sent}`)
    const bytes = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
    return [bytes.toString(), () => socket.destroy()]
  }

  test('[ST2] [R27] the headers leave with the first event', async () => {
    // A process is up then, and the event comes long before the hold is over.
    await readStream(await stage.fetch('/v1/chat/completions', { body: body('hello') }))
    const [bytes, leave] = await firstBytes('say exactly: well', stage)
    leave()
    expect(bytes).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n.*"content":"well"/s)
  })

  test('[ST2] [R27] once the hold is over the headers leave alone, before the model has said anything', async () => {
    await using own = await startStage({ env: { VIVAVOCE_HEADER_HOLD_MS: '200' } })
    const [bytes, leave] = await firstBytes('hello [rehearse hang=1]', own)
    expect(bytes).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)+\r\n$/)
    leave()
    await until(() => own.observations.find(({ type }) => type === 'request-finished'))
  })

  test('[ST1] a connection serves one stream after the other', async () => {
    for (const text of ['one', 'two', 'three']) {
      const response = await stage.fetch('/v1/chat/completions', { body: body(`say exactly: ${text}`) })
      expect((await readStream(response)).text).toBe(text)
    }
  })

  test('[CM1] a server with a connection that is kept alive stops at once', async () => {
    const own = await startStage()
    await (await own.fetch('/v1/models')).text()
    const streamed = await readStream(await own.fetch('/v1/chat/completions', { body: body('hello') }))
    expect(streamed.done).toBe(true)
    const atMs = Date.now()
    await own.close()
    expect(Date.now() - atMs).toBeLessThan(2500)
  })
})
