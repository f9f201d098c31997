import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { createMiddleware } from 'hono/factory'
import { createByteBudget, GatewayError, type ByteShare, type Clock } from '../../core/index.ts'
import { onAbort } from '../../lib/index.ts'
import type { Background } from '../background.ts'
import { collectBytes, type Pieces } from '../collect-bytes.ts'
import { codingsOf, decodeBody } from '../decode-body.ts'
import type { AppEnv } from '../deps.ts'

/** How soon the close of a connection is told after its body broke off. */
const CLOSE_FOLLOWS_MS = 100
const MIB = 1024 * 1024
/** All bodies under way may hold so many of the largest, and at least so much. */
const LARGEST_AT_ONCE = 4
const MIN_BUDGET_BYTES = 64 * MIB
const RETRY_AFTER_SECONDS = 2

interface Received {
  readonly body: Pieces
  readonly digest: string
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array>

export interface ReadBodyOptions {
  readonly maxBytes: number
  readonly clock: Clock
  readonly background: Background
}

/**
 * Reads the body, however it is sent, and no more of it than may be, packed or not (R12). What it holds counts towards a
 * budget that all requests share, from when it arrives until the response is over.
 */
export const readBody = ({ maxBytes, clock, background }: ReadBodyOptions) => {
  const budget = createByteBudget({ most: Math.max(LARGEST_AT_ONCE * maxBytes, MIN_BUDGET_BYTES) })
  const tooLarge = (): GatewayError =>
    new GatewayError('request_too_large', `The body is larger than ${Math.floor(maxBytes / MIB)} MiB.`)

  function take(share: ByteShare, bytes: number): void {
    if (share.take(bytes)) return
    throw new GatewayError('overloaded', 'The server holds too many large requests at once. Try again later.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })
  }

  async function receive(request: Request, share: ByteShare, socket: Socket | undefined): Promise<Received> {
    const codings = codingsOf(request.headers.get('content-encoding'))
    if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
    const collected = collectBytes()
    // Piece by piece, so that a large body does not hold up everybody at its end.
    const hash = createHash('sha256')
    let bytes = 0
    const reader = request.body?.getReader()
    try {
      for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
        bytes += next.value.byteLength
        if (bytes > maxBytes) throw tooLarge()
        take(share, next.value.byteLength)
        hash.update(next.value)
        collected.add(next.value)
      }
    } catch (error) {
      if (reader !== undefined && error instanceof GatewayError) background.run(discard(reader, socket))
      throw error
    }
    const digest = hash.digest('base64')
    if (codings.length === 0) return { body: collected.pieces, digest }
    let held = bytes
    const hold = (decoded: number): void => {
      if (decoded > maxBytes) throw tooLarge()
      if (decoded <= held) return
      take(share, decoded - held)
      held = decoded
    }
    return { body: await decodeBody(collected.pieces, codings, { hold }), digest }
  }

  /** Reads the rest of a body that was refused: a client that still sends reads no response, and its end would break it. */
  async function discard(reader: BodyReader, socket: Socket | undefined): Promise<void> {
    // Node ends no body of a request that was answered when its connection closes.
    const stop = (): void => void reader.cancel().catch(() => undefined)
    if (socket?.closed === true) stop()
    socket?.once('close', stop)
    let bytes = 0
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        bytes += next.value.byteLength
        if (bytes > maxBytes) stop()
      }
    } catch {
      // The client has left.
    } finally {
      socket?.off('close', stop)
    }
  }

  /** A body that breaks off is a caller that leaves; that is told a moment later. */
  async function left(signal: AbortSignal): Promise<void> {
    const told = Promise.withResolvers<void>()
    using _late = clock.after(CLOSE_FOLLOWS_MS, told.resolve)
    using _told = onAbort(signal, told.resolve)
    await told.promise
  }

  return createMiddleware<AppEnv>(async function readBody(c, next) {
    const share = budget.open(c.get('tenant'))
    const release = (): void => share[Symbol.dispose]()
    try {
      try {
        // An app that is asked without a server has no connection.
        const bindings: AppEnv['Bindings'] | undefined = c.env
        const { body, digest } = await receive(c.req.raw, share, bindings?.incoming?.socket)
        c.set('body', body)
        c.set('bodyDigest', digest)
      } catch (error) {
        if (error instanceof GatewayError) throw error
        const signal = c.get('caller')
        await left(signal)
        signal.throwIfAborted()
        throw new GatewayError('invalid_request', 'The body could not be read to its end.', { cause: error })
      }
      await next()
    } finally {
      const streamed = c.get('streamed')
      if (streamed === undefined) release()
      else background.run(streamed.then(release))
    }
  })
}
