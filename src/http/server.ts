import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { AppEnv } from './deps.ts'

/** Clients keep idle connections for minutes; one closed under them costs a request just when someone stops talking (R11). */
const KEEP_ALIVE_TIMEOUT_MS = 180_000
const HEADERS_TIMEOUT_MS = 190_000

export interface HttpServer {
  /** `http://127.0.0.1:8765`, as bound. */
  readonly url: string
  /** Takes no more connections, gives those that are open `graceMs` to finish, then ends them. */
  close(options: { readonly graceMs: number }): Promise<void>
}

/** Listens. @throws when the address cannot be bound. */
export async function startServer(
  app: Hono<AppEnv>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server: Server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS },
    (request, response) => void listener(request, response),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server that listens on a port has an address')
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${shownHost}:${address.port}`,
    async close({ graceMs }) {
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearTimeout(timer)
    },
  }
}
