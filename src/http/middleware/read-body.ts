import { createMiddleware } from 'hono/factory'
import { GatewayError, type Clock } from '../../core/index.ts'
import { onAbort } from '../../lib/index.ts'
import { codingsOf, decodeBody, decodeText } from '../decode-body.ts'
import type { AppEnv } from '../deps.ts'

/** How soon the close of a connection is told after its body broke off. */
const CLOSE_FOLLOWS_MS = 100
const MIB = 1024 * 1024

export interface ReadBodyOptions {
  readonly maxBytes: number
  readonly clock: Clock
}

/** Reads the body, however it is sent, and no more of it than may be, packed or not (R12). */
export const readBody = ({ maxBytes, clock }: ReadBodyOptions) => {
  const tooLarge = (): GatewayError =>
    new GatewayError('request_too_large', `The body is larger than ${Math.floor(maxBytes / MIB)} MiB.`)

  async function text(request: Request): Promise<string> {
    const codings = codingsOf(request.headers.get('content-encoding'))
    if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw tooLarge()
      chunks.push(chunk)
    }
    const decoded = await decodeBody(Buffer.concat(chunks), codings, { maxBytes, tooLarge })
    return decodeText(decoded, request.headers.get('content-type'))
  }

  /** A body that breaks off is a caller that leaves; that is told a moment later. */
  async function left(signal: AbortSignal): Promise<void> {
    const told = Promise.withResolvers<void>()
    using _late = clock.after(CLOSE_FOLLOWS_MS, told.resolve)
    using _told = onAbort(signal, told.resolve)
    await told.promise
  }

  return createMiddleware<AppEnv>(async function readBody(c, next) {
    try {
      c.set('body', await text(c.req.raw))
    } catch (error) {
      if (error instanceof GatewayError) throw error
      const signal = c.get('caller')
      await left(signal)
      signal.throwIfAborted()
      throw new GatewayError('invalid_request', 'The body could not be read to its end.', { cause: error })
    }
    await next()
  })
}
