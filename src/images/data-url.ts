import { REQUEST_LIMITS, type Picture } from '../core/index.ts'
import { readDataUrl } from '../lib/index.ts'
import { NO_PICTURE, toPicture } from './picture.ts'

const MIB = 1024 * 1024

export type DecodedDataUrl =
  | { readonly ok: true; readonly image: Picture }
  /** A part of a sentence for the caller. */
  | { readonly ok: false; readonly problem: string }

/** The picture in a `data:` URL. Its media type is what its bytes say, whatever the URL does. */
export function decodeDataUrl(url: string): DecodedDataUrl {
  const read = readDataUrl(url)
  if (!read.ok) return read
  const { most } = REQUEST_LIMITS.imageBytes
  if (read.bytes.length > most) return { ok: false, problem: `the image is larger than ${most / MIB} MiB` }
  const image = toPicture(read.bytes)
  return image === undefined ? { ok: false, problem: NO_PICTURE } : { ok: true, image }
}
