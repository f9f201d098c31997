const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPENERS: readonly number[] = [0x5b, 0x7b]
const CLOSERS: readonly number[] = [0x5d, 0x7d]

export interface JsonShape {
  /** How deep its arrays and objects go. */
  readonly depth: number
  /** At least as many as there are; an empty array or object counts for one more. */
  readonly values: number
}

const KINDS = new Uint8Array(256)
const [PLAIN, STRING, NEXT, OPEN, CLOSE] = [0, 1, 2, 3, 4] as const
KINDS[QUOTE] = STRING
KINDS[COMMA] = NEXT
for (const opener of OPENERS) KINDS[opener] = OPEN
for (const closer of CLOSERS) KINDS[closer] = CLOSE

/**
 * What a parser would build from JSON text in UTF-8, in one pass and without memory. The scan stops as soon as there is more
 * than `most`: the shape is then larger in that one way. The text need not be valid.
 */
export function scanJson(bytes: Uint8Array, most: JsonShape): JsonShape {
  let depth = 0
  let deepest = 0
  let values = 1
  for (let at = 0; at < bytes.length; at++) {
    const kind = KINDS[bytes[at] ?? 0]
    if (kind === PLAIN) continue
    if (kind === STRING) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    } else if (kind === CLOSE) depth--
    else {
      // Behind a comma or an opening bracket stands another value.
      values++
      if (kind === OPEN && ++depth > deepest) deepest = depth
      if (values > most.values || deepest > most.depth) break
    }
  }
  return { depth: deepest, values }
}
