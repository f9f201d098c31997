import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Stage } from './answer-messages.ts'
import { answerMessages } from './answer-messages.ts'
import { hasRehearsalKey, REHEARSAL_KEY } from './credentials.ts'
import type { Exchange } from './exchange.ts'
import { headersOf, readMessagesRequest, sendError, sendJson } from './exchange.ts'
import { Memory } from './memory.ts'
import type { RehearsedRequest } from './request-log.ts'
import { RequestLog } from './request-log.ts'
import { countInputTokens } from './token-count.ts'

const HOST = '127.0.0.1'
const DEFAULT_PACE_MS = 5
/** Longer than clients keep idle connections, so that none is closed under a request. */
const KEEP_ALIVE_MS = 120_000

/** A running rehearsal API. Who started it closes it. */
export interface Rehearsal extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, for `ANTHROPIC_BASE_URL` */
  readonly url: string
  /** messages requests with the right key, oldest first; at most 2000 of them. Each is as it stood when read. */
  readonly requests: readonly RehearsedRequest[]
  /**
   * Resolves with the first request, seen or to come, for which `matches` is true. It is asked again when a request's
   * first piece has been written and when it is over. Rejects with the signal's reason.
   */
  waitFor(
    matches: (request: RehearsedRequest) => boolean,
    options: { readonly signal: AbortSignal },
  ): Promise<RehearsedRequest>
  /** Empties the log, and with it what `fail-times` and the cache figures count by. */
  forget(): void
  /** Ends every connection, also in the middle of a reply. May be called twice. */
  close(): Promise<void>
}

export interface RehearsalOptions {
  /** a free one by default */
  readonly port?: number
  /** between the pieces of a reply */
  readonly paceMs?: number
  /** before the first piece */
  readonly firstDeltaMs?: number
}

/** Starts the rehearsal on loopback; rejects if the port is taken. */
export async function startRehearsal(options: RehearsalOptions = {}): Promise<Rehearsal> {
  const { port = 0, paceMs = DEFAULT_PACE_MS, firstDeltaMs = 0 } = options
  const stage: Stage = { log: new RequestLog(), memory: new Memory(), paceMs, firstDeltaMs }
  const forget = (): void => {
    stage.log.forget()
    stage.memory.forget()
  }
  const serving = new Set<Promise<void>>()
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const served = serve({ request, response }, stage, forget).finally(() => serving.delete(served))
    serving.add(served)
  })
  server.listen(port, HOST)
  await once(server, 'listening')
  const address = server.address()
  const url = `http://${HOST}:${typeof address === 'object' ? address?.port : port}`

  const shut = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
    await Promise.all(serving)
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= shut())
  return {
    url,
    get requests() {
      return stage.log.requests
    },
    waitFor: (matches, { signal }) => stage.log.waitFor(matches, signal),
    forget,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Answers one request, whatever it is. Never rejects. */
async function serve(exchange: Exchange, stage: Stage, forget: () => void): Promise<void> {
  try {
    await route(exchange, stage, forget)
  } catch (error) {
    // A client that leaves while its request is read needs no answer; a fault of ours gets one where it still can.
    if (exchange.request.errored !== null || exchange.response.headersSent) exchange.response.destroy()
    else sendError(exchange, 500, `The rehearsal itself failed: ${String(error)}`)
  }
}

async function route(exchange: Exchange, stage: Stage, forget: () => void): Promise<void> {
  const { method = '', url = '' } = exchange.request
  const [path = '', query = ''] = url.split('?', 2)
  switch (`${method} ${path}`) {
    case 'POST /v1/messages':
    case 'POST /v1/messages/count_tokens': {
      if (!hasRehearsalKey(exchange.request.headers)) return sendError(exchange, 401, WRONG_KEY)
      const read = await readMessagesRequest(exchange)
      if (read === undefined) return
      if (path === '/v1/messages') return answerMessages(exchange, read, stage)
      return sendJson(exchange, 200, { input_tokens: countInputTokens(read.body) })
    }
    case 'GET /':
    case 'HEAD /':
    case 'GET /api/hello':
    case 'HEAD /api/hello':
      return sendJson(exchange, 200, { message: 'This is a rehearsal.' })
    case 'GET /rehearsal/requests': {
      const since = Number(new URLSearchParams(query).get('since') ?? 0)
      return sendJson(exchange, 200, { requests: stage.log.requests.filter(({ number }) => number > since) })
    }
    case 'DELETE /rehearsal/requests':
      forget()
      exchange.response.writeHead(204, headersOf(0)).end()
      return
    default:
      return sendError(exchange, 404, `The rehearsal has no ${method} ${path}`)
  }
}

const WRONG_KEY =
  `This is a rehearsal of the API: its only credential is the key "${REHEARSAL_KEY}". ` +
  'No real login may be used with it; nothing of this request was kept.'
