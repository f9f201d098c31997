import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { startServer } from '../../src/http/index.ts'
import { KEY, openApp } from '../support/open-app.ts'
import { until } from '../support/stage.ts'
import { frames, opening } from './examples.ts'
import { takeViolations } from './violations.ts'
import { watchChild } from './watch-child.ts'

const OURS = { 'x-request-id': 'req_1', 'content-type': 'application/json' }
const STREAM = { 'x-request-id': 'req_1', 'content-type': 'text/event-stream; charset=utf-8' }

/** Serves with a listener while `use` runs, then gives what was wrong with its replies. */
async function violationsOf(listener: RequestListener, use: (url: string) => Promise<unknown>) {
  const over: Promise<unknown>[] = []
  const server = createServer((request, response) => {
    over.push(once(response, 'close'))
    listener(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await Promise.all(over)
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  return takeViolations()
}
const read = (url: string) => fetch(`${url}/v1/chat/completions?a=b`, { method: 'POST' }).then((reply) => reply.text())

describe('the replies of a server in this process', () => {
  test.each<[string, RequestListener]>([
    ['with headers of their own', (_, response) => response.writeHead(500, OURS).end('No.')],
    ['with headers as a list', (_, response) => response.writeHead(500, Object.entries(OURS).flat()).end('No.')],
    [
      'with headers that were set before',
      (_, response) => {
        for (const [name, value] of Object.entries(OURS)) response.setHeader(name, value)
        response.statusCode = 500
        response.end(Buffer.from('No.'))
      },
    ],
    [
      'in pieces',
      (_, response) => {
        response.writeHead(500, OURS)
        response.write('N')
        response.end('o.')
      },
    ],
  ])('are judged whole: %s', async (_, listener) => {
    expect(await violationsOf(listener, read)).toEqual(['POST /v1/chat/completions (500): it is no JSON object: No.'])
  })

  test('keep the length that Node works out', async () => {
    const listener: RequestListener = (_, response) => void response.setHeader('x-request-id', 'req_1').end('abc')
    const lengths: (string | null)[] = []
    await violationsOf(listener, async (url) =>
      lengths.push((await fetch(`${url}/health`)).headers.get('content-length')),
    )
    expect(lengths).toEqual(['3'])
  })

  test('are left alone where they are another server’s', async () => {
    expect(await violationsOf((_, response) => response.writeHead(500).end('No.'), read)).toEqual([])
  })

  test('are judged as far as they went where the caller left', async () => {
    const listener: RequestListener = (_, response) => {
      response.writeHead(200, STREAM)
      response.write(frames(opening('a'), opening('b')))
    }
    const leave = async (url: string): Promise<void> => {
      const caller = connect(Number(new URL(url).port), '127.0.0.1')
      caller.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
      await once(caller, 'data')
      caller.destroy()
      await once(caller, 'close')
    }
    expect(await violationsOf(listener, leave)).toEqual([expect.stringContaining('the role comes again')])
  })

  test('are judged as broken off where the server broke them off', async () => {
    const listener: RequestListener = (_, response) => {
      response.writeHead(200, STREAM)
      response.write(frames(opening('a')), () => response.destroy(new Error('broken')))
    }
    expect(await violationsOf(listener, (url) => read(url).catch(() => undefined))).toEqual([
      expect.stringContaining('the stream ends without a finish_reason and [DONE]'),
    ])
  })

  test('are judged where they are the app’s', async () => {
    const catalogue = { models: ['sonnet', ''], defaultModel: 'sonnet', aliases: [], agents: [] }
    const { app } = openApp(() => [], { catalogue })
    const server = await startServer(app, { host: '127.0.0.1', port: 0 })
    const get = (path: string) => fetch(server.url + path, { headers: { authorization: `Bearer ${KEY}` } })
    expect((await get('/v1/models/sonnet')).status).toBe(200)
    expect((await get('/nowhere')).status).toBe(404)
    await (await get('/v1/models')).text()
    await server.close({ graceMs: 0 })
    expect(takeViolations()).toEqual([
      expect.stringMatching(/^GET \/v1\/models \(200\): data\[1\]\.id: String is too short/),
    ])
  })
})

describe('the replies of a server in a process of its own', () => {
  test('are judged there, into a file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'oracle-'))
    const child = watchChild(join(directory, 'violations'))
    expect(() => child.violations()).toThrow('ENOENT')
    const script = `
      import { createServer } from 'node:http'
      const server = createServer((request, response) => {
        const good = request.url === '/v1/models'
        response.writeHead(200, ${JSON.stringify(OURS)}).end(good ? '{"object":"list","data":[]}' : '{}')
      }).listen(0, '127.0.0.1', async () => {
        const url = 'http://127.0.0.1:' + server.address().port
        await fetch(url + '/v1/models').then((reply) => reply.text())
        await fetch(url + '/v1/models/x').then((reply) => reply.text())
        server.closeAllConnections()
        server.close()
      })`
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, ...child.env },
    })
    const violations = await until(() => child.violations().length > 0 && child.violations())
    expect(violations.join('\n')).toContain('GET /v1/models/x (200): it: does not have required property "id": {}')
    expect(violations.join('\n')).not.toContain('GET /v1/models (200)')
    await rm(directory, { recursive: true })
  })
})
