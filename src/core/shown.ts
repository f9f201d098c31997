const MAX_CHARACTERS = 100

/** A name that a caller sent, short enough to be told back. */
export function shown(name: string): string {
  const characters = Array.from(name.slice(0, 2 * MAX_CHARACTERS + 2))
  return characters.length <= MAX_CHARACTERS ? name : `${characters.slice(0, MAX_CHARACTERS).join('')}…`
}
