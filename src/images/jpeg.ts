/** The size of a JPEG image, each byte looked at once. Source: ITU-T T.81, annex B. */

const MARKER = 0xff
/** Markers without a segment: `TEM`, `RST0` to `RST7` and `SOI`. */
const isAlone = (code: number): boolean => code === 0x01 || (code >= 0xd0 && code <= 0xd8)
/** `SOF0` to `SOF15`, without the tables that stand among them. */
const isFrame = (code: number): boolean =>
  code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc
/** The scan or the end of the image: the frame stands before it. */
const isBehindFrames = (code: number): boolean => code === 0xda || code === 0xd9

/** Width and height, as the first frame says; undefined where there is no frame or a segment is broken. */
export function jpegSize(bytes: Buffer): { readonly width: number; readonly height: number } | undefined {
  let at = 2
  while (at + 4 <= bytes.length) {
    const code = bytes[at + 1] ?? 0
    // Decoders skip what stands between two segments, and markers may be filled up with more of their first byte.
    if (bytes[at] !== MARKER || code === MARKER || code === 0) {
      at++
      continue
    }
    if (isAlone(code)) {
      at += 2
      continue
    }
    const length = bytes.readUInt16BE(at + 2)
    if (isBehindFrames(code) || length < 2) return undefined
    if (isFrame(code)) {
      return at + 9 <= bytes.length
        ? { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
        : undefined
    }
    at += 2 + length
  }
  return undefined
}
