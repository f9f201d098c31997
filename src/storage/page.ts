/** Lists that are read part by part: where one ends, the next begins, whatever comes in between. */
import type { Page } from '../core/index.ts'

/** Names the last item of a part. */
export const toCursor = (position: unknown): string => Buffer.from(JSON.stringify(position)).toString('base64url')

/** What `toCursor` was given, or `undefined` where the text is none of its. */
export function fromCursor(cursor: string | undefined): unknown {
  if (cursor === undefined) return undefined
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return position
  } catch {
    return undefined
  }
}

/** The first `limit` of the items, of which one more was asked for, to know whether there is more. */
export function toPage<T>(items: readonly T[], limit: number, positionOf: (item: T) => unknown): Page<T> {
  const part = items.slice(0, limit)
  const last = part.at(-1)
  return items.length > limit && last !== undefined
    ? { items: part, next: toCursor(positionOf(last)) }
    : { items: part }
}
