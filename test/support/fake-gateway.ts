/** A server on loopback that speaks the shapes of the gateway's jobs and conversations, by a script. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What is done with one request. */
export type Step = (response: ServerResponse, asked: Asked) => void

export interface FakeGateway extends AsyncDisposable {
  readonly url: string
  readonly asked: readonly Asked[]
  /** What becomes of requests for `GET /jobs` and the like, in turn; the last step is for all that follow. */
  on(route: string, ...steps: readonly Step[]): void
  /** Resolves once that many requests have come. */
  untilAsked(times: number): Promise<void>
}

export const reply =
  (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Step =>
  (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body))

export const refuse = (
  status: number,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Step => reply({ error: 'refused', detail, code }, status, headers)

export const notFound = refuse(404, 'not_found', 'There is no such job; finished jobs are kept for a limited time.')

/** The connection breaks without a reply. */
export const cut: Step = (response) => void response.socket?.destroy()

export const nothingMore: Step = (response) => void response.writeHead(204).end()

/** What stays open. */
export const hang: Step = () => {}

export interface FakeEvent {
  readonly sequence: number
  readonly type: string
  readonly [field: string]: unknown
}

export const frame = ({ type, ...data }: FakeEvent): string =>
  `id: ${data.sequence}\nevent: ${type}\ndata: ${JSON.stringify({ at: '2026-01-01T00:00:00.000Z', ...data })}\n\n`

/** A stream of events that ends as it should, is cut, or stays open. */
export const stream =
  (events: readonly FakeEvent[], ending: 'end' | 'cut' | 'stay' = 'end'): Step =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.write(`: keep-alive\n\n${events.map(frame).join('')}`, () => {
      if (ending === 'cut') response.socket?.destroy()
    })
    if (ending === 'end') response.end()
  }

/** A job as the gateway tells it. */
export const fakeJob = (fields: object = {}) => ({
  job_id: 'job_1',
  status: 'completed',
  agent: 'worker',
  model: 'sonnet',
  priority: 0,
  attempt: 1,
  created_at: '2026-01-01T00:00:00.000Z',
  started_at: '2026-01-01T00:00:01.000Z',
  finished_at: '2026-01-01T00:00:13.000Z',
  output: 'All done. Готово 🙂',
  error: null,
  error_code: null,
  exit_code: 0,
  cost_usd: 0.0312,
  usage: null,
  commits: null,
  pushed: null,
  has_patch: false,
  metadata: {},
  ...fields,
})

export async function startFakeGateway(): Promise<FakeGateway> {
  const asked: Asked[] = []
  const routes = new Map<string, Step[]>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const one = { method, path, headers, body: Buffer.concat(chunks).toString() }
      asked.push(one)
      const steps = routes.get(`${method} ${path.replace(/\?.*$/s, '')}`) ?? []
      const step = (steps.length > 1 ? steps.shift() : steps[0]) ?? notFound
      step(response, one)
      server.emit('asked')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    on: (route, ...steps) => void routes.set(route, [...steps]),
    async untilAsked(times) {
      while (asked.length < times) await once(server, 'asked')
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
