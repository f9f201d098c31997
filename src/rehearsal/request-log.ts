import type { IncomingHttpHeaders } from 'node:http'
import type { MessagesRequest } from './messages-request.ts'

/** The log holds so many requests unless told otherwise; the oldest are dropped. */
const MAX_LOGGED_REQUESTS = 2000
/** The log holds so many characters of request bodies; the oldest are dropped, the newest is always kept. */
export const MAX_LOGGED_CHARS = 100_000_000

/** A messages request as it stood when it was looked at; times are milliseconds since 1970, with fractions. */
export interface RehearsedRequest {
  /** counts up from 1; never used again, also after `forget` */
  readonly number: number
  /** when its body had been read */
  readonly atMs: number
  /** with its query */
  readonly path: string
  /** with the values of credentials withheld */
  readonly headers: Readonly<IncomingHttpHeaders>
  readonly body: MessagesRequest
  readonly rawBody: string
  /** `closed-early`: the client was gone before the reply was over. A reply that is dropped as directed is `finished`. */
  readonly state: 'open' | 'finished' | 'closed-early'
  readonly closedAtMs?: number
  /** when the first piece of text or tool input had been written */
  readonly firstPieceAtMs?: number
  /** pieces written; brought up to date with the first piece and at the end */
  readonly piecesSent: number
}

interface Waiter {
  readonly matches: (request: RehearsedRequest) => boolean
  readonly resolve: (request: RehearsedRequest) => void
  readonly reject: (reason: unknown) => void
}

/** The requests seen, oldest first, and those who wait for one. */
export class RequestLog {
  readonly #limit: number
  readonly #waiters = new Set<Waiter>()
  #requests: readonly RehearsedRequest[] = []
  #latest = 0

  constructor(limit = MAX_LOGGED_REQUESTS) {
    this.#limit = limit
  }

  get requests(): readonly RehearsedRequest[] {
    return this.#requests
  }

  /** Takes a request down and gives it the next number. */
  add(request: Omit<RehearsedRequest, 'number' | 'state' | 'piecesSent'>): RehearsedRequest {
    this.#latest += 1
    const added: RehearsedRequest = { ...request, number: this.#latest, state: 'open', piecesSent: 0 }
    this.#requests = withinLimits([...this.#requests, added], this.#limit)
    this.#tell(added)
    return added
  }

  /** Replaces what is known of a request; nothing happens to one that is no longer in the log, but waiters see it. */
  update(request: RehearsedRequest): void {
    this.#requests = this.#requests.map((one) => (one.number === request.number ? request : one))
    this.#tell(request)
  }

  forget(): void {
    this.#requests = []
  }

  /** The first request in the log that matches, otherwise the next that comes to match. Rejects when the signal aborts, or `matches` throws. */
  waitFor(matches: (request: RehearsedRequest) => boolean, signal: AbortSignal): Promise<RehearsedRequest> {
    const seen = this.#requests.find(matches)
    if (seen !== undefined) return Promise.resolve(seen)
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const leave = (): void => {
        this.#waiters.delete(waiter)
        signal.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => waiter.reject(signal.reason)
      const waiter: Waiter = {
        matches,
        resolve: (request) => {
          leave()
          resolve(request)
        },
        reject: (reason) => {
          leave()
          reject(reason)
        },
      }
      this.#waiters.add(waiter)
      signal.addEventListener('abort', onAbort)
    })
  }

  #tell(request: RehearsedRequest): void {
    for (const waiter of this.#waiters) {
      try {
        if (waiter.matches(request)) waiter.resolve(request)
      } catch (error) {
        waiter.reject(error)
      }
    }
  }
}

/** The newest, as many as both limits let stay and at least one. */
function withinLimits(requests: readonly RehearsedRequest[], limit: number): readonly RehearsedRequest[] {
  let chars = 0
  const from = requests.findLastIndex(({ rawBody }, index) => {
    chars += rawBody.length
    return index < requests.length - 1 && (chars > MAX_LOGGED_CHARS || requests.length - index > limit)
  })
  return requests.slice(from + 1)
}
