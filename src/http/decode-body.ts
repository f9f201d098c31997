/** The bytes of a body without its content codings (RFC 9110, 8.4). */
import { promisify } from 'node:util'
import { gunzip, inflate, inflateRaw, type InputType, type ZlibOptions } from 'node:zlib'
import { GatewayError } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'

type Decode = (bytes: InputType, options: ZlibOptions) => Promise<Buffer<ArrayBuffer>>

const MAX_CODINGS = 3

const isZlib = (bytes: Buffer): boolean =>
  bytes.length > 1 && (bytes[0] ?? 0) % 16 === 8 && bytes.readUInt16BE() % 31 === 0

const gunzipped: Decode = promisify(gunzip)
const inflated: Decode = promisify(inflate)
const inflatedRaw: Decode = promisify(inflateRaw)

/** `deflate` is zlib's form; some clients send it without zlib's head. */
const DECODES: Readonly<Record<string, (bytes: Buffer) => Decode>> = {
  gzip: () => gunzipped,
  'x-gzip': () => gunzipped,
  deflate: (bytes) => (isZlib(bytes) ? inflated : inflatedRaw),
}

/** What may be sent in `content-encoding`. */
export const ACCEPTED_CODINGS = 'gzip, deflate'

/** The codings that a header names, in the order in which they were applied. @throws GatewayError for any other. */
export function codingsOf(header: string | null): readonly string[] {
  const codings = (header ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length <= MAX_CODINGS && codings.every((coding) => Object.hasOwn(DECODES, coding))) return codings
  throw new GatewayError(
    'unsupported_encoding',
    'The body has a `content-encoding` that cannot be read. Send the body as it is, or in gzip or deflate.',
  )
}

const broken = (cause: unknown): GatewayError =>
  new GatewayError('invalid_request', 'The body is not what `content-encoding` says. Send it whole in that coding.', {
    cause,
  })

/** The bytes without their codings. @throws GatewayError where they are broken, or `tooLarge` beyond `maxBytes`. */
export async function decodeBody(
  bytes: Buffer<ArrayBuffer>,
  codings: readonly string[],
  { maxBytes, tooLarge }: { readonly maxBytes: number; readonly tooLarge: () => GatewayError },
): Promise<Buffer<ArrayBuffer>> {
  let decoded = bytes
  if (bytes.length === 0) return bytes
  for (const coding of codings.toReversed()) {
    try {
      // What unpacks to more is given up as soon as there is more.
      decoded = (await DECODES[coding]?.(decoded)(decoded, { maxOutputLength: maxBytes })) ?? decoded
    } catch (error) {
      throw hasCode(error, 'ERR_BUFFER_TOO_LARGE') ? tooLarge() : broken(error)
    }
  }
  return decoded
}
