/** JSON whose text matters: numbers that no double holds, the order of keys, keys that stand twice. */

/** JSON text that `writeJson` writes as it stands. */
export interface RawJson {
  readonly [RAW]: string
}

const RAW: unique symbol = Symbol('raw')

/** `text` must be JSON. */
export const rawJson = (text: string): RawJson => ({ [RAW]: text })

const isRaw = (value: object): value is RawJson => RAW in value

/** Like `JSON.stringify` for plain values, with each raw text in its place. */
export function writeJson(value: unknown): string {
  const pieces: string[] = []
  write(value, pieces)
  // At once: joining what is joined already copies a long text at every level.
  return pieces.join('')
}

function write(value: unknown, pieces: string[]): void {
  if (typeof value !== 'object' || value === null) return void pieces.push(JSON.stringify(value) ?? 'null')
  if (isRaw(value)) return void pieces.push(value[RAW])
  const isList = Array.isArray(value)
  let comma = ''
  pieces.push(isList ? '[' : '{')
  for (const [name, member] of Object.entries(value)) {
    if (!isList && member === undefined) continue
    pieces.push(isList ? comma : `${comma}${JSON.stringify(name)}:`)
    write(member, pieces)
    comma = ','
  }
  pieces.push(isList ? ']' : '}')
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENERS: readonly number[] = [0x5b, 0x7b]
const CLOSERS: readonly number[] = [0x5d, 0x7d]

/** Behind the closing quote of the string that begins at `from`. */
function stringEnd(json: string, from: number): number {
  let at = from + 1
  while (at < json.length && json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at + 1
}

/** Behind the member that begins at `from`: at its comma, or at the brace that closes the object. */
function valueEnd(json: string, from: number): number {
  let depth = 0
  for (let at = from; at < json.length;) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) {
      at = stringEnd(json, at)
      continue
    }
    if (depth === 0 && (code === 0x2c || CLOSERS.includes(code))) return at
    if (OPENERS.includes(code)) depth++
    else if (CLOSERS.includes(code)) depth--
    at++
  }
  return json.length
}

/**
 * The text of a member of the object that a JSON text is, as it was written; of one that stands twice the last, which is the
 * one that `JSON.parse` takes. The text must be JSON. One pass.
 */
export function memberText(json: string, name: string): string | undefined {
  let found: string | undefined
  let at = /^\s*\{/.exec(json)?.[0].length ?? 0
  for (;;) {
    const quote = json.indexOf('"', at)
    if (at === 0 || quote < 0) return found
    const keyEnd = stringEnd(json, quote)
    const colon = json.indexOf(':', keyEnd)
    if (colon < 0) return found
    const end = valueEnd(json, colon + 1)
    if (JSON.parse(json.slice(quote, keyEnd)) === name) found = json.slice(colon + 1, end).trim()
    at = end + 1
  }
}

/** A decimal number as its sign, its digits without the zeros around them, and the place of its point. */
function decimal(text: string): string {
  // An exponent of so many digits is that of no double, and reading one takes long.
  if (/[eE][+-]?\d{10}/.test(text)) return text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  // No expression: it would go back over the zeros again and again.
  let end = digits.length
  while (digits[end - 1] === '0') end--
  const significant = digits.slice(0, end)
  return significant === ''
    ? '0'
    : `${sign}${significant}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - end)}`
}

/** Numbers of less characters are held by a double as they are. */
const MAY_BE_INEXACT = /[\d.]{16}|\d[eE]/

/** A JSON text as a value, each number that no double holds as a text of its digits instead of another number. */
export function parseExactly(json: string): unknown {
  if (!MAY_BE_INEXACT.test(json)) return JSON.parse(json)
  return JSON.parse(json, (_key, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source
    if (typeof value !== 'number' || source === undefined) return value
    return Number.isFinite(value) && decimal(source) === decimal(String(value)) ? value : source
  })
}
