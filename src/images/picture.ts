import { imageSize } from 'image-size'
import type { Picture, PictureMediaType } from '../core/index.ts'
import { jpegSize } from './jpeg.ts'

/** Why bytes are no picture, as a part of a sentence. */
export const NO_PICTURE = 'the data is no PNG, JPEG, GIF or WebP image'

/** How each form begins. Sources: the specifications of PNG, GIF and WebP; JPEG's markers. */
const BEGINS: Readonly<Record<PictureMediaType, (head: string) => boolean>> = {
  'image/png': (head) => head.startsWith('\x89PNG\r\n\x1a\n'),
  'image/jpeg': (head) => head.startsWith('\xff\xd8\xff'),
  'image/gif': (head) => head.startsWith('GIF87a') || head.startsWith('GIF89a'),
  // Its length stands in between.
  'image/webp': (head) => head.startsWith('RIFF') && head.startsWith('WEBP', 8),
}
const LONGEST_BEGINNING = 12

/**
 * The CLI makes large images smaller. If it cannot read the size of an image, it sends words about that in its place, which
 * nobody said. `image-size` goes through a JPEG image byte by byte, so those are read here.
 */
function hasSize(bytes: Buffer, mediaType: PictureMediaType): boolean {
  try {
    const { width, height } = mediaType === 'image/jpeg' ? (jpegSize(bytes) ?? NO_SIZE) : imageSize(bytes)
    return width > 0 && height > 0
  } catch {
    // Whatever it stumbles over, it is no picture.
    return false
  }
}

const NO_SIZE = { width: 0, height: 0 }

/** Bytes as a picture of the form that they begin like, whatever they were declared to be; `undefined` for any other. */
export function toPicture(bytes: Buffer): Picture | undefined {
  const head = bytes.toString('latin1', 0, LONGEST_BEGINNING)
  const mediaType = (Object.keys(BEGINS) as PictureMediaType[]).find((type) => BEGINS[type](head))
  return mediaType !== undefined && hasSize(bytes, mediaType)
    ? { mediaType, base64: bytes.toString('base64') }
    : undefined
}
