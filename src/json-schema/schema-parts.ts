import { keywordFault } from './keyword-faults.ts'
import { resolveReference } from './references.ts'
import { isSchema, pathOf, type Key, type Place, type Schema } from './schema-part.ts'
import { subschemasOf } from './subschemas.ts'

export interface SchemaFault {
  readonly path: readonly Key[]
  readonly problem: string
}

/** The parts that are objects, each with its place, the top first and the outer before the inner. */
export type SchemaParts = ReadonlyMap<Schema, Place | undefined>

export type PartsFound =
  | { readonly ok: true; readonly parts: SchemaParts }
  | { readonly ok: false; readonly fault: SchemaFault }

const MAX_LEVELS = 500
const MAX_PARTS = 5000

interface Found {
  readonly schema: Schema
  readonly place: Place | undefined
  readonly level: number
  /** whether a part around it, or itself, has an `$id` of its own, from which references below it would count */
  readonly isEmbedded: boolean
}

/** Every part of the schema and of what it refers to, or the first that is malformed or unsupported. */
export function findParts(root: Schema): PartsFound {
  const parts = new Map<Schema, Place | undefined>([[root, undefined]])
  const found: Found[] = [{ schema: root, place: undefined, level: 1, isEmbedded: false }]
  // Grows while it is walked: parts are taken level by level.
  for (const part of found) {
    const fault = keywordFault(part.schema) ?? referenceFault(part, root)
    if (fault !== undefined) return faultAt(part, fault.at, fault.problem)
    if (part.level > MAX_LEVELS) return faultAt(part, [], `is nested too deeply: ${MAX_LEVELS} levels are possible`)
    for (const next of [...subschemasIn(part), ...referredFrom(part, root)]) {
      if (typeof next.value === 'boolean') continue
      if (!isSchema(next.value)) {
        return faultAt(next, [], 'a schema is expected: an object, true or false')
      }
      if (parts.has(next.value)) continue
      if (parts.size === MAX_PARTS) return faultAt(next, [], `is one too many: ${MAX_PARTS} parts are possible`)
      parts.set(next.value, next.place)
      const isEmbedded = part.isEmbedded || isOtherDocument(next.value)
      found.push({ schema: next.value, place: next.place, level: next.level, isEmbedded })
    }
  }
  return { ok: true, parts }
}

const faultAt = ({ place }: { place: Place | undefined }, at: readonly Key[], problem: string): PartsFound => ({
  ok: false,
  fault: { path: pathOf(place, at), problem },
})

/** In draft 7 an `$id` of `#name` is only an anchor. */
const isOtherDocument = ({ $id: id }: Schema): boolean => typeof id === 'string' && !id.startsWith('#')

function referenceFault(
  { schema, isEmbedded }: Found,
  root: Schema,
): { at: readonly Key[]; problem: string } | undefined {
  const reference = schema['$ref']
  if (typeof reference !== 'string') return undefined
  if (isEmbedded) return { at: ['$ref'], problem: 'references inside a part with an `$id` are not supported' }
  const resolved = resolveReference(reference, root)
  return resolved.ok ? undefined : { at: ['$ref'], problem: resolved.problem }
}

interface Next {
  readonly value: unknown
  readonly place: Place | undefined
  readonly level: number
}

const subschemasIn = ({ schema, place, level }: Found): readonly Next[] =>
  [...subschemasOf(schema)].map(({ at, value }) => ({ value, place: { around: place, keys: at }, level: level + 1 }))

/** What a `$ref` refers to, which need not stand where schemas stand. */
function referredFrom({ schema }: Found, root: Schema): readonly Next[] {
  const reference = schema['$ref']
  const resolved = typeof reference === 'string' ? resolveReference(reference, root) : undefined
  if (resolved?.ok !== true) return []
  return [{ value: resolved.schema, place: { around: undefined, keys: resolved.path }, level: 1 }]
}
