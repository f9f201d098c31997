import { resolveReference } from './references.ts'
import { isRefAlone, isSchema, pathOf, type Schema } from './schema-part.ts'
import type { SchemaFault, SchemaParts } from './schema-parts.ts'
import { subschemasOf } from './subschemas.ts'

/** The parts that judge the same value as this one. */
function partsInPlace(schema: Schema, root: Schema): readonly Schema[] {
  const reference = schema['$ref']
  const resolved = typeof reference === 'string' ? resolveReference(reference, root) : undefined
  const referred = resolved?.ok === true ? [resolved.schema] : []
  if (resolved !== undefined && isRefAlone(root)) return referred.filter(isSchema)
  const within = [...subschemasOf(schema)].filter(({ isInPlace }) => isInPlace).map(({ value }) => value)
  return [...referred, ...within].filter(isSchema)
}

/** A reference that leads back to itself without going into the value: no check of it would ever end. */
export function referenceLoop(root: Schema, parts: SchemaParts): SchemaFault | undefined {
  const next = new Map([...parts.keys()].map((part) => [part, partsInPlace(part, root)]))
  const looping = withoutEnds(next)
  let part = [...parts.keys()].find((part) => looping.has(part))
  if (part === undefined) return undefined
  const trail = new Set<Schema>()
  while (part !== undefined && !trail.has(part)) {
    trail.add(part)
    part = next.get(part)?.find((after) => looping.has(after))
  }
  const inLoop = [...trail].slice(part === undefined ? 0 : [...trail].indexOf(part))
  const referring = inLoop.find((part) => '$ref' in part)
  const place = referring === undefined ? undefined : parts.get(referring)
  return { path: pathOf(place, ['$ref']), problem: 'refers back to itself for the same value' }
}

/** The parts that lead on for ever: what is left when those that lead to nothing are taken away again and again. */
function withoutEnds(next: ReadonlyMap<Schema, readonly Schema[]>): ReadonlySet<Schema> {
  const before = new Map<Schema, Schema[]>()
  const open = new Map<Schema, number>()
  for (const [part, following] of next) {
    open.set(part, following.length)
    for (const after of following) append(before, after, part)
  }
  const ends = [...open.keys()].filter((part) => open.get(part) === 0)
  // Grows while it is walked.
  for (const end of ends) {
    open.delete(end)
    for (const part of before.get(end) ?? []) {
      const count = (open.get(part) ?? 0) - 1
      open.set(part, count)
      if (count === 0) ends.push(part)
    }
  }
  return new Set(open.keys())
}

function append(lists: Map<Schema, Schema[]>, key: Schema, part: Schema): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [part])
  else list.push(part)
}
