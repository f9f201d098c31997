import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { jobsOn } from '../support/jobs-on-stage.ts'
import { startStage, until } from '../support/stage.ts'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

/** Takes callbacks on loopback; the first is answered with the first status, and so on. */
async function startReceiver(...statuses: readonly number[]) {
  const received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      response.statusCode = statuses[received.length] ?? 200
      received.push({ headers: request.headers, body })
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server that listens on a port has an address')
  return {
    received,
    host: `127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

test('[JB13] the outcome of a job is told where its order says so, signed, and again when it did not arrive', async () => {
  await using receiver = await startReceiver(503)
  await using stage = await startStage({
    env: { VIVAVOCE_CALLBACK_SECRET: SECRET, VIVAVOCE_PRIVATE_HOSTS: receiver.host },
  })
  const { submit, ended } = jobsOn(() => stage)
  const id = await submit('кажи точно: готово 🙂', { callback_url: `http://${receiver.host}/hook?x=1` })
  const job = await ended(id)
  await until(() => receiver.received.length === 2)
  const [first, second] = receiver.received
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  const verified = new Webhook(SECRET).verify(second?.body ?? '', {
    'webhook-id': String(second?.headers['webhook-id']),
    'webhook-timestamp': String(second?.headers['webhook-timestamp']),
    'webhook-signature': String(second?.headers['webhook-signature']),
  })
  expect(verified).toEqual({ type: 'job.completed', timestamp: expect.stringMatching(/Z$/), data: job })
})

test('[JB13] a callback to an address that is not public, or without a secret, is refused', async () => {
  const body = { prompt: 'x', agent: 'recruiter-triage' }
  await using open = await startStage({ env: { VIVAVOCE_CALLBACK_SECRET: SECRET } })
  for (const url of ['http://127.0.0.1:9/', 'http://[::1]/', 'ftp://example.com/', 'x']) {
    const reply = await open.fetch('/execute', { body: { ...body, callback_url: url } })
    expect([url, reply.status, await reply.json()]).toMatchObject([
      url,
      400,
      { code: 'invalid_request', detail: expect.stringMatching(/^`callback_url`: .*\.$/) },
    ])
  }
  await using closed = await startStage()
  const reply = await closed.fetch('/execute', { body: { ...body, callback_url: 'https://example.com/' } })
  expect([reply.status, await reply.json()]).toMatchObject([400, { code: 'invalid_request' }])
})
