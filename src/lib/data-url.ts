/** Data that a text carries in itself. Source: RFC 2397 and the WHATWG Fetch standard, "data: URLs". */

export type ReadData =
  /** `mediaType` is what the URL says, in lower case and without parameters; it may be empty. */
  | { readonly ok: true; readonly bytes: Buffer; readonly mediaType: string }
  /** A part of a sentence for the caller. */
  | { readonly ok: false; readonly problem: string }

const PERCENT = 0x25
const PADDING = 0x3d

const bytesOf = (characters: string): ReadonlySet<number> => new Set(Buffer.from(characters, 'latin1'))
const flags = (members: ReadonlySet<number>): readonly boolean[] =>
  Array.from({ length: 256 }, (_, byte) => members.has(byte))

const IS_SPACE = flags(bytesOf(' \t\n\f\r'))
/** Both alphabets of RFC 4648. */
const IS_DIGIT = flags(bytesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_'))

/** The value of the hexadecimal digit that a byte stands for; of any other it is -1. */
const HEXADECIMAL: readonly number[] = Array.from({ length: 256 }, (_, byte) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase()),
)
const hexadecimal = (byte: number | undefined): number => HEXADECIMAL[byte ?? 0] ?? -1

/** Each `%41` as its byte; a per cent sign that begins none stands for itself. */
function percentDecode(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  let to = 0
  for (let from = 0; from < bytes.length; from++) {
    const byte = bytes[from] ?? 0
    const high = byte === PERCENT ? hexadecimal(bytes[from + 1]) : -1
    const low = high >= 0 ? hexadecimal(bytes[from + 2]) : -1
    bytes[to++] = low >= 0 ? high * 16 + low : byte
    if (low >= 0) from += 2
  }
  return bytes.subarray(0, to)
}

/** Whether all of it is base64 of either alphabet, padded rightly or not at all, with white space anywhere. */
function isBase64(bytes: Buffer): boolean {
  let digits = 0
  let padding = 0
  // A loop and no expression: a picture may be megabytes long, and V8's room for going back is not.
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (IS_SPACE[byte]) continue
    if (byte === PADDING) padding++
    else if (IS_DIGIT[byte] && padding === 0) digits++
    else return false
  }
  return padding === 0 ? digits % 4 !== 1 : padding <= 2 && (digits + padding) % 4 === 0
}

const broken = { ok: false, problem: 'its base64 is broken' } as const
const bytesOfBase64 = (data: Buffer): Buffer => Buffer.from(data.toString('latin1'), 'base64')

export const isDataUrl = (text: string): boolean => /^data:/i.test(text)

/** The bytes of base64 of either alphabet, with white space anywhere. */
export function readBase64(text: string): ReadData {
  const data = Buffer.from(text, 'utf8')
  if (!isBase64(data)) return broken
  const bytes = bytesOfBase64(data)
  return bytes.length === 0 ? { ok: false, problem: 'the data is empty' } : { ok: true, bytes, mediaType: '' }
}

/**
 * The bytes in a `data:` URL: base64 of either alphabet, with white space or percent-encoded, or data that is
 * percent-encoded alone. Parameters but `base64` are not looked at.
 */
export function readDataUrl(url: string): ReadData {
  const comma = url.indexOf(',')
  if (comma < 0 || !isDataUrl(url)) return { ok: false, problem: 'it is no data URL' }
  const [mediaType = ''] = url.slice('data:'.length, comma).split(';', 1)
  const lastParameter = url.slice(url.lastIndexOf(';', comma) + 1, comma)
  const payload = url.slice(comma + 1)
  const data = payload.includes('%') ? percentDecode(payload) : Buffer.from(payload, 'utf8')
  const isEncoded = lastParameter.trim().toLowerCase() === 'base64'
  if (isEncoded && !isBase64(data)) return broken
  const bytes = isEncoded ? bytesOfBase64(data) : data
  if (bytes.length === 0) return { ok: false, problem: 'the data is empty' }
  return { ok: true, bytes, mediaType: mediaType.trim().toLowerCase() }
}
