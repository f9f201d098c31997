import { createServer, STATUS_CODES, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { errorKind, newId, type GatewayError } from '../core/index.ts'
import { toRequestFailure } from './client-error.ts'
import type { AppEnv } from './deps.ts'
import { errorResponse } from './error-response.ts'

export interface ConnectionLimits {
  /** Clients keep idle connections for minutes; one closed under them costs a request just when someone stops talking (R11). */
  readonly keepAliveMs: number
  /** From the first byte of a request, or from the start of a connection; idle connections that are kept do not count. */
  readonly headersMs: number
  readonly requestMs: number
  readonly checkEveryMs: number
  readonly connections: number
}

const LIMITS: ConnectionLimits = {
  keepAliveMs: 180_000,
  headersMs: 30_000,
  requestMs: 120_000,
  checkEveryMs: 5000,
  connections: 2000,
}
const CLOSE_IDLE_EVERY_MS = 20

export interface HttpServer {
  /** `http://127.0.0.1:8765`, as bound. */
  readonly url: string
  /** Takes no more connections, gives those that are open `graceMs` to finish, then ends them. */
  close(options: { readonly graceMs: number }): Promise<void>
}

/** The refusal of what no request could be made of, in the form of every other one (R57). */
function refuse(failure: GatewayError): Response {
  const response = errorResponse(failure, '')
  response.headers.set('x-request-id', newId('req_'))
  return response
}

/** The same as bytes, for a connection on which no request could be read. */
async function refusalBytes(failure: GatewayError): Promise<string> {
  const { status } = errorKind(failure.code)
  const response = refuse(failure)
  const body = await response.text()
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
}

/** Listens. @throws when the address cannot be bound. */
export async function startServer(
  app: Hono<AppEnv>,
  { host, port, limits = LIMITS }: { readonly host: string; readonly port: number; readonly limits?: ConnectionLimits },
): Promise<HttpServer> {
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // It would destroy a connection half a second after the response, though the client still sends and has not read it.
    autoCleanupIncoming: false,
    errorHandler: () => refuse(toRequestFailure(undefined)),
  })
  /** The response under way on each connection. */
  const responses = new WeakMap<Duplex, ServerResponse>()
  const server: Server = createServer(
    // Node's own answer to a request without a host is bare; ours is made above.
    {
      keepAliveTimeout: limits.keepAliveMs,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      requireHostHeader: false,
    },
    (request, response) => {
      responses.set(request.socket, response)
      // HTTP/1.0 knows no host, and nothing here depends on one.
      if (request.httpVersion === '1.0') request.headers.host ||= 'localhost'
      void listener(request, response)
    },
  )
  server.maxConnections = limits.connections
  const refuseOn = (socket: Duplex, failure: GatewayError): void => {
    const response = responses.get(socket)
    // Within an answer there is no place for another one.
    const isAnswering = response !== undefined && response.headersSent && !response.writableFinished
    // A request that was answered before it arrived whole gets no second answer.
    const isAnswered = response !== undefined && response.writableFinished && !response.req.complete
    if (!socket.writable || isAnswering || isAnswered) return void socket.destroy()
    void refusalBytes(failure).then((bytes) => socket.end(bytes))
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseOn(socket, toRequestFailure(error.code)))
  server.on('connect', (_request, socket) => refuseOn(socket, toRequestFailure(undefined)))
  // What a client expects beyond 100-continue is let through like any header that is not known (R1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host.replace(/^\[(.*)\]$/, '$1'), resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server that listens on a port has an address')
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${shownHost}:${address.port}`,
    async close({ graceMs }) {
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A connection that is kept alive becomes idle only when its response is over.
      const sweep = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS)
      const late = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearInterval(sweep)
      clearTimeout(late)
    },
  }
}
