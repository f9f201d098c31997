import { closestMatch } from 'leven'
import { PATHS } from './paths.ts'

const MAX_CHARACTERS = 100
/** What base addresses begin with, of this server or of others. */
const PREFIX = /^(?:\/(?:api|openai|v\d+(?:beta\d*)?))+(?=\/|$)/
/** Longer paths are nobody's typing error. */
const MAX_COMPARED_CHARACTERS = 60
const MAX_DISTANCE = 3

/** A path as it was sent, safe to be sent back: short, visible ASCII, no backticks. */
export function shownPath(path: string): string {
  const plain = path.slice(0, MAX_CHARACTERS + 1).replaceAll(/[^\x21-\x7e]|`/g, '?')
  return path.length <= MAX_CHARACTERS ? plain : `${plain.slice(0, MAX_CHARACTERS)}…`
}

/** `/` is close to every short path. */
const SUGGESTED = PATHS.filter(({ logged }) => logged !== '/')

const withoutPrefix = (path: string): string => path.replace(PREFIX, '')

/** The path that is served and that this one was meant to be: under another prefix, in another case, or with a slip. */
export function closestPath(path: string): string | undefined {
  if (path.length > MAX_COMPARED_CHARACTERS) return undefined
  const meant = withoutPrefix(`${path.toLowerCase().replaceAll(/\/+/g, '/')}/`.replace(/\/+$/, ''))
  const under = ['', '/v1'].flatMap((prefix) => SUGGESTED.filter(({ pattern }) => pattern.test(`${prefix}${meant}`)))
  if (under[0] !== undefined) return under[0].logged
  const rests = SUGGESTED.map(({ logged }) => withoutPrefix(logged))
  const closest = meant.length < 4 ? undefined : closestMatch(meant, rests, { maxDistance: MAX_DISTANCE })
  return closest === undefined ? undefined : SUGGESTED[rests.indexOf(closest)]?.logged
}
