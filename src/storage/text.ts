/**
 * PostgreSQL's text takes neither NUL nor half a character, callers' texts may hold both. So they are kept as the inside of
 * a JSON string: plain words stay as they are, and every text comes back as it was.
 */
export const toColumn = (text: string): string => JSON.stringify(text).slice(1, -1)

export const fromColumn = (column: string): string => {
  const text: unknown = JSON.parse(`"${column}"`)
  return String(text)
}
