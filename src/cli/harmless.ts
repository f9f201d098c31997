/**
 * Text that others made, for a terminal: what a terminal would obey is shown instead. Control characters become their
 * pictures or code points; so do those that turn the direction of writing, which make a line look like another.
 */
// oxlint-disable-next-line no-control-regex
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g

function picture(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '\u2421' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

/** Keeps line breaks and tabs. */
export const harmless = (text: string): string => text.replaceAll('\r\n', '\n').replace(OBEYED, picture)

/** On one line. */
export const harmlessLine = (text: string): string => harmless(text).replace(/[\n\t\u2028\u2029]/g, ' ')

/** JSON text that says the same without a character that a terminal would obey. */
export const harmlessJson = (value: unknown): string =>
  JSON.stringify(value).replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
