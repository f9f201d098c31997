/** What a fuzz plays: one request, or bytes that are none, and what may come of it. */
import type { ErrorCode } from '../../src/core/index.ts'
import type { Reply } from '../oracle/judge-reply.ts'

/** How a reply ends: as it should, or with a failure of the table, in its body or in the last frame of its stream. */
export type Answer = 'ok' | ErrorCode

/** What one reply may be. */
export interface Due {
  readonly method: string
  /** As it is sent; empty where there is no request. */
  readonly path: string
  readonly may: readonly Answer[]
  /** How `param` of a failure begins. */
  readonly param?: string
  /** What else is wrong with a reply that succeeded. */
  readonly check?: (body: string) => string | undefined
}

/** When a client leaves: whichever comes first. */
export interface Leaving {
  readonly afterMs?: number
  readonly afterBytes?: number
}

/** A request by an ordinary client. */
export interface HttpPlay {
  readonly type: 'http'
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly leaving?: Leaving
}

/** The wait for `100 Continue`. */
export const UNTIL_CONTINUE = null

/** Bytes to write, or milliseconds to wait. */
export type Piece = string | Uint8Array | number | typeof UNTIL_CONTINUE

/** Bytes on a connection of their own, and what becomes of it once they are written. */
export interface WirePlay {
  readonly type: 'wire'
  readonly pieces: readonly Piece[]
  readonly end: 'stay' | 'half-close' | 'leave' | 'reset'
}

export interface FuzzCase {
  /** As it is counted. */
  readonly kind: string
  readonly play: HttpPlay | WirePlay
  /** The replies, in their order. */
  readonly due: readonly Due[]
  /** How many of them must come. */
  readonly least: number
  /** What the client says, which a reply may therefore say again. */
  readonly said: string
  /** What is asked next, by what came. */
  readonly next?: (reply: Reply) => FuzzCase | undefined
}

/** What the cases are made for. */
export interface World {
  readonly key: string
  /** A file whose content nobody may be told. */
  readonly secretPath: string
  /** A server whose pictures may be fetched, and one whose may not, as `http://HOST:PORT`. */
  readonly pictures: string
  readonly forbidden: string
}

const TOLD_CHARS = 300

/** A long text for those who read it. */
export const shortened = (text: string, most = TOLD_CHARS): string =>
  text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`

/** The headers of an ordinary client. */
export const headersOf = ({ key }: World): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
})

/** An ordinary request with one reply. */
export function httpCase({
  kind,
  method = 'POST',
  path,
  headers,
  body,
  may,
  param,
  check,
  said,
}: {
  readonly kind: string
  readonly method?: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly may: readonly Answer[]
  readonly param?: string | undefined
  readonly check?: (body: string) => string | undefined
  readonly said?: string
}): FuzzCase {
  return {
    kind,
    play: { type: 'http', method, path, headers, ...(body === undefined ? {} : { body }) },
    due: [{ method, path, may, ...(param === undefined ? {} : { param }), ...(check === undefined ? {} : { check }) }],
    least: 1,
    said:
      said ?? `${path}\n${body === undefined ? '' : typeof body === 'string' ? body : Buffer.from(body).toString()}`,
  }
}
