/** How long a word may be before it is sent in more than one piece, in characters (code points). */
export const MAX_WORD_CHARS = 12
/** A tool's input is sent in no more fragments than this. */
export const MAX_INPUT_FRAGMENTS = 8

const MIN_FRAGMENT_CHARS = 8

/**
 * The text in the pieces that a model would stream it in: word by word, each with the white space before it, long words
 * further. Joined they are the text; no piece is empty and none cuts a surrogate pair.
 */
export function toPieces(text: string): readonly string[] {
  const words = text.match(/\s*\S+|\s+/gu) ?? []
  return words.flatMap((word) => {
    const lead = word.length - word.trimStart().length
    const [first = '', ...rest] = cut(word.slice(lead), MAX_WORD_CHARS)
    return [word.slice(0, lead) + first, ...rest]
  })
}

/** JSON text in the fragments that it is streamed in: a few, whatever its length. */
export function toFragments(json: string): readonly string[] {
  return cut(json, Math.max(MIN_FRAGMENT_CHARS, Math.ceil(json.length / MAX_INPUT_FRAGMENTS)))
}

/** The first `limit` characters (code points), so that no surrogate pair is cut. */
export function firstChars(text: string, limit: number): string {
  if (text.length <= limit) return text
  let end = 0
  for (let count = 0; count < limit && end < text.length; count += 1) end += charLength(text, end)
  return text.slice(0, end)
}

/** How many characters (code points) the text has. */
export function countChars(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at += charLength(text, at)) count += 1
  return count
}

const charLength = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)

function cut(text: string, size: number): readonly string[] {
  const parts: string[] = []
  for (let rest = text; rest !== '';) {
    const part = firstChars(rest, size)
    parts.push(part)
    rest = rest.slice(part.length)
  }
  return parts
}
