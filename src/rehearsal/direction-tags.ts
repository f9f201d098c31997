/**
 * Finds `[rehearse key=value …]` in a text. What the keys mean is not known here. A value is a bare word, a "quoted"
 * string with JSON's escapes, or a JSON object, which may span lines and hold brackets.
 */

/** One `key=value`, the value unquoted. */
export interface DirectionPair {
  readonly key: string
  readonly value: string
}

export type FoundTags =
  | { readonly ok: true; readonly tags: readonly (readonly DirectionPair[])[]; readonly rest: string }
  | { readonly ok: false; readonly problem: string }

/**
 * The tags of the text in their order, and the text without them: a tag alone on its line takes the line with it, any
 * other the blanks before it. An object that begins on the line after a tag is the input of the tag's last call, if that has none.
 */
export function findTags(text: string): FoundTags {
  const tags: DirectionPair[][] = []
  let rest = text
  for (;;) {
    const start = rest.search(OPENS)
    if (start < 0) return { ok: true, tags, rest }
    const read = readTag(rest, start)
    if (typeof read === 'string') return { ok: false, problem: read }
    tags.push(read.pairs)
    rest = withoutTag(rest, start, read.end)
  }
}

/** The text without its tags; one that cannot be read stays, with all that follows. */
export function withoutTags(text: string): string {
  const found = findTags(text)
  return found.ok ? found.rest : text
}

const OPENS = /\[rehearse(?=[\s\]])/
const QUOTED = /"(?:[^"\\]|\\.)*"/y
const BARE = /[^\s\]]+/y
const KEY = /([a-z][a-z-]*)=/y
const BLANKS = /\s*/y
const NEXT_LINE_OBJECT = /[ \t]*\n\s*(?=\{)/y

function readTag(text: string, start: number): { readonly pairs: DirectionPair[]; readonly end: number } | string {
  const pairs: DirectionPair[] = []
  const malformed = `A stage direction is not of the form [rehearse key=value …]: ${text.slice(start, start + 80)}`
  let at = start + '[rehearse'.length
  for (;;) {
    at += matchAt(BLANKS, text, at).length
    if (text[at] === ']') break
    const key = matchAt(KEY, text, at)
    const raw = valueAt(text, at + key.length)
    if (key === '' || raw === '') return malformed
    pairs.push({ key: key.slice(0, -1), value: raw.startsWith('"') ? unquoted(raw) : raw })
    at += key.length + raw.length
  }
  if (pairs.length === 0) return malformed
  const end = at + 1
  const wantsInput = pairs.findLastIndex(({ key }) => key.endsWith('call')) > pairs.findLastIndex(isInput)
  const gap = wantsInput ? matchAt(NEXT_LINE_OBJECT, text, end) : ''
  const object = gap === '' ? '' : objectAt(text, end + gap.length)
  if (object === '') return { pairs, end }
  return { pairs: [...pairs, { key: 'input', value: object }], end: end + gap.length + object.length }
}

const isInput = ({ key }: DirectionPair): boolean => key === 'input'

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function valueAt(text: string, at: number): string {
  if (text[at] === '{') return objectAt(text, at)
  return matchAt(text[at] === '"' ? QUOTED : BARE, text, at)
}

/** The JSON object that begins there, by its brackets; empty where it does not end. */
function objectAt(text: string, start: number): string {
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const char = text[at]
    if (char === '"') at += Math.max(matchAt(QUOTED, text, at).length - 1, 0)
    else if (char === '{') depth += 1
    else if (char === '}') depth -= 1
    if (depth === 0) return text.slice(start, at + 1)
  }
  return ''
}

function unquoted(quoted: string): string {
  try {
    return String(JSON.parse(quoted))
  } catch (error) {
    if (error instanceof SyntaxError) return quoted.slice(1, -1)
    throw error
  }
}

function withoutTag(text: string, start: number, end: number): string {
  const before = text.slice(0, start).replace(/(?<![ \t])[ \t]+$/, '')
  const after = text.slice(end).replace(/^[ \t]+(?=\n|$)/, '')
  const opensLine = before === '' || before.endsWith('\n')
  if (!opensLine) return before + after
  if (after.startsWith('\n')) return before + after.slice(1)
  if (after === '') return before.replace(/\n$/, '')
  return before + after.trimStart()
}
