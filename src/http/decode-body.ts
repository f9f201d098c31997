/** The bytes of a body without its content codings (RFC 9110, 8.4). */
import type { Transform } from 'node:stream'
import { createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { GatewayError } from '../core/index.ts'
import { collectBytes, type Pieces } from './collect-bytes.ts'

const MAX_CODINGS = 3

const CHUNK = { chunkSize: 64 * 1024 }

const isZlib = (bytes: Buffer): boolean =>
  bytes.length > 1 && (bytes[0] ?? 0) % 16 === 8 && bytes.readUInt16BE() % 31 === 0

/** `deflate` is zlib's form; some clients send it without zlib's head. */
const DECODERS: Readonly<Record<string, (bytes: Buffer) => Transform>> = {
  gzip: () => createGunzip(CHUNK),
  'x-gzip': () => createGunzip(CHUNK),
  deflate: (bytes) => (isZlib(bytes) ? createInflate(CHUNK) : createInflateRaw(CHUNK)),
}

/** What may be sent in `content-encoding`. */
export const ACCEPTED_CODINGS = 'gzip, deflate'

/** The codings that a header names, in the order in which they were applied. @throws GatewayError for any other. */
export function codingsOf(header: string | null): readonly string[] {
  const codings = (header ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length <= MAX_CODINGS && codings.every((coding) => Object.hasOwn(DECODERS, coding))) return codings
  throw new GatewayError(
    'unsupported_encoding',
    'The body has a `content-encoding` that cannot be read. Send the body as it is, or in gzip or deflate.',
  )
}

const broken = (cause: unknown): GatewayError =>
  new GatewayError('invalid_request', 'The body is not what `content-encoding` says. Send it whole in that coding.', {
    cause,
  })

/**
 * The bytes without their codings. `hold` is called with how many bytes a coding has come to, before they are kept: bodies
 * unpack side by side, and what it throws ends the unpacking. @throws GatewayError if the bytes are broken.
 */
export async function decodeBody(
  packed: Pieces,
  codings: readonly string[],
  { hold }: { readonly hold: (bytes: number) => void },
): Promise<Pieces> {
  let pieces = packed
  if (packed.length === 0) return packed
  for (const coding of codings.toReversed()) {
    const bytes = Buffer.concat(pieces)
    const decoder = DECODERS[coding]?.(bytes)
    if (decoder === undefined) continue
    const collected = collectBytes()
    let decoded = 0
    decoder.end(bytes)
    try {
      for await (const chunk of decoder as AsyncIterable<Buffer>) {
        decoded += chunk.length
        hold(decoded)
        collected.add(chunk)
      }
    } catch (error) {
      throw error instanceof GatewayError ? error : broken(error)
    }
    pieces = collected.pieces
  }
  return pieces
}
