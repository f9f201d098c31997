/** A code point, an escape with all that belongs to it, or a quantifier in braces. */
const TOKEN = /\\(?:[pP]\{[^}]{0,100}\}|u\{[\da-fA-F]{1,6}\}|k<[^>]{0,100}>|[^])|\{\d+(?:,\d*)?\}|[^]/gu

/** What may stand after a backslash in a pattern with the `u` flag. */
const ESCAPABLE = /^\\[\^$\\.*+?()[\]{}|/dDwWsSbBfnrtvuxckpP0-9]/
/** What means something in another language and is a mere letter, or mere text, in JavaScript: `\A`, `{,3}`, `[:alpha:]`. */
const FOREIGN_ESCAPE = /^\\[A-Za-z]/
const FOREIGN = /\{,\d+\}|\[:\w+:\]/
const CLASS_ESCAPE = /^\\[dDwWsSpP]/

const isPattern = (source: string, flags: string): boolean => {
  try {
    return new RegExp(source, flags) instanceof RegExp
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return false
  }
}

/**
 * The pattern in the form that the `u` flag takes, where JavaScript takes it with or without that flag and means what is
 * meant; otherwise undefined. Many generators escape more than the flag allows (`[\w\-]`, `\@`) or leave braces as they are.
 */
export function unicodePattern(source: string): string | undefined {
  if (isPattern(source, 'u')) return source
  if (!isPattern(source, '')) return undefined
  if (FOREIGN.test(source)) return undefined
  const tokens = source.match(TOKEN) ?? []
  if (tokens.some((token) => FOREIGN_ESCAPE.test(token) && !ESCAPABLE.test(token))) return undefined
  const strict = toStrict(tokens)
  return isPattern(strict, 'u') ? strict : undefined
}

function toStrict(tokens: readonly string[]): string {
  let isInClass = false
  return tokens
    .map((token, nth) => {
      if (isInClass) {
        if (token === ']') isInClass = false
        return token === '-' && isLoneHyphen(tokens, nth) ? '\\-' : strictEscape(token, true)
      }
      if (token === '[') isInClass = true
      if (token === ']' || token === '{' || token === '}') return `\\${token}`
      return strictEscape(token, false)
    })
    .join('')
}

/** A hyphen beside a class such as `\w` makes no range. */
const isLoneHyphen = (tokens: readonly string[], nth: number): boolean =>
  CLASS_ESCAPE.test(tokens[nth - 1] ?? '') || CLASS_ESCAPE.test(tokens[nth + 1] ?? '')

function strictEscape(token: string, isInClass: boolean): string {
  if (!token.startsWith('\\') || ESCAPABLE.test(token)) return token
  return token === '\\-' && isInClass ? token : token.slice(1)
}
