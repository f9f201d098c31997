import { GatewayError, REQUEST_LIMITS } from '../core/index.ts'
import { parseJson, scanJson } from '../lib/index.ts'

/** A body without its content codings. */
export interface SentBody {
  /** One behind the other, each in memory of its own. */
  readonly pieces: readonly Uint8Array<ArrayBuffer>[]
  readonly contentType: string | null
}

export interface ReadJson {
  readonly value: unknown
  readonly text: string
}

const UTF8 = /^utf-?8$/i

/** @throws GatewayError `invalid_request` where the bytes are in another character encoding, or say that they are. */
function decodeText(bytes: Uint8Array, contentType: string | null): string {
  const notUtf8 = (cause?: unknown): GatewayError =>
    new GatewayError('invalid_request', 'The body is not UTF-8. Encode the JSON as UTF-8.', { cause })
  const charset = /;\s*charset="?([^\s;"]*)/i.exec(contentType ?? '')?.[1]
  // Within ASCII most encodings agree.
  if (charset && !UTF8.test(charset) && bytes.some((byte) => byte > 0x7f)) throw notUtf8()
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw notUtf8(error)
  }
}

const tooMany = (name: 'depth' | 'values', what: string): GatewayError => {
  const { most, unit } = REQUEST_LIMITS[name]
  return new GatewayError(
    'invalid_request',
    `The body ${what} more than ${most.toLocaleString('en-US')} ${unit}. Send fewer.`,
  )
}

/** The body as JSON. What a parser would build of it is counted before it is parsed. @throws GatewayError `invalid_request`. */
export function readJson({ pieces, contentType }: SentBody): ReadJson {
  const bytes = Buffer.concat(pieces)
  const most = { depth: REQUEST_LIMITS.depth.most, values: REQUEST_LIMITS.values.most }
  const { depth, values } = scanJson(bytes, most)
  if (depth > most.depth) throw tooMany('depth', 'is nested')
  if (values > most.values) throw tooMany('values', 'holds')
  const text = decodeText(bytes, contentType)
  const parsed = parseJson(text)
  if (parsed.ok) return { value: parsed.value, text }
  const isEmpty = text.trim() === ''
  throw new GatewayError(
    'invalid_request',
    isEmpty ? 'The body is empty; a JSON object is expected.' : 'The body is not valid JSON.',
  )
}
