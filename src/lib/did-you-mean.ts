import { closestMatch } from 'leven'

/** The name that a mistyped one was meant to be: a typo of it, or the only one that has it as a word. */
function nearest(given: string, names: readonly string[]): string | undefined {
  if (given.length < 3) return undefined
  const byWord = names.filter((name) => name.split(/[-_]/).includes(given))
  return (
    closestMatch(given, names, { maxDistance: given.length < 8 ? 2 : 3 }) ??
    (byWord.length === 1 ? byWord[0] : undefined)
  )
}

/** ` Did you mean …?`, to follow a sentence, or nothing when no name is near. */
export function didYouMean(given: string, names: readonly string[], prefix = ''): string {
  const name = nearest(given, names)
  return name === undefined ? '' : ` Did you mean \`${prefix}${name}\`?`
}
