/**
 * Whether a schema can be satisfied at all. The kinds of values that may satisfy each part are the least solution of what
 * the parts say of one another: nothing is possible until it is shown to be, so that what requires itself without end
 * never becomes possible. What cannot be judged counts as possible.
 */
import { limitsOf, type Known, type Limit } from './limits.ts'
import { resolveReference } from './references.ts'
import { isNullable, isRefAlone, isSchema, pathOf, type Schema } from './schema-part.ts'
import type { SchemaFault, SchemaParts } from './schema-parts.ts'
import { ANY_KIND, NO_KIND, NULL, OBJECT, type Kinds } from './value-kinds.ts'

/** The keywords that say of what kind a value is, and what to do where those at the top allow no object. */
const SHAPES: readonly string[] = ['type', 'const', 'enum', '$ref', 'allOf', 'anyOf', 'oneOf', 'not']
export const MUST_BE_OBJECT = 'the top of the schema must be an object; put what is wanted into a property of one'

/** Why no object can satisfy the schema; undefined where one may. */
export function impossibility(root: Schema, parts: SchemaParts): SchemaFault | undefined {
  const kinds = possibleKinds(root, parts)
  const known = knownFrom(root, (schema) => kinds.get(schema) ?? NO_KIND)
  if ((known.kindsOf(root) & OBJECT) !== NO_KIND) return undefined
  return explained(root, known, parts)
}

function knownFrom(root: Schema, kindsOfPart: (part: Schema) => Kinds): Known {
  return {
    kindsOf: (schema) => (isSchema(schema) ? kindsOfPart(schema) : schema === false ? NO_KIND : ANY_KIND),
    referred: ({ $ref: reference }) => {
      const resolved = typeof reference === 'string' ? resolveReference(reference, root) : undefined
      return resolved?.ok === true ? resolved.schema : true
    },
    isRefAlone: isRefAlone(root),
  }
}

function judge(schema: Schema, known: Known, expected: Kinds): { kinds: Kinds; reason: Limit | undefined } {
  const beside = isNullable(schema) ? NULL & expected : NO_KIND
  let kinds = expected
  for (const limit of limitsOf(schema, known)) {
    kinds &= limit.kinds
    if (kinds === NO_KIND) return { kinds: beside, reason: limit }
  }
  return { kinds: kinds | beside, reason: undefined }
}

function possibleKinds(root: Schema, parts: SchemaParts): ReadonlyMap<Schema, Kinds> {
  const kinds = new Map<Schema, Kinds>()
  const askedBy = new Map<Schema, Set<Schema>>()
  // Inner parts first: most are settled when the outer ask for them.
  const open = new Set([...parts.keys()].toReversed())
  for (const part of open) {
    open.delete(part)
    const known = knownFrom(root, (asked) => {
      askedBy.set(asked, (askedBy.get(asked) ?? new Set()).add(part))
      return kinds.get(asked) ?? NO_KIND
    })
    const next = judge(part, known, ANY_KIND).kinds
    if (next === (kinds.get(part) ?? NO_KIND)) continue
    kinds.set(part, next)
    for (const asking of askedBy.get(part) ?? []) open.add(asking)
  }
  return kinds
}

/** The innermost part to which the impossibility of the top goes back. */
function explained(root: Schema, known: Known, parts: SchemaParts): SchemaFault {
  const trail = new Set<Schema>()
  let expected = OBJECT
  for (let part = root; ; expected = ANY_KIND) {
    trail.add(part)
    const { reason } = judge(part, known, expected)
    if (reason === undefined) return { path: pathOf(parts.get(part)), problem: 'can be satisfied by no value' }
    const { at, because, problem } = reason
    const path = pathOf(parts.get(part), at)
    if (part === root && reason.kinds !== NO_KIND && SHAPES.includes(String(at[0])))
      return { path, problem: MUST_BE_OBJECT }
    if (because === false) return { path, problem: '`false` allows no value, but one is required' }
    if (!isSchema(because)) return { path, problem }
    if (known.kindsOf(because) !== NO_KIND) {
      return { path, problem }
    }
    if (trail.has(because)) return { path, problem: 'requires itself without end' }
    part = because
  }
}
