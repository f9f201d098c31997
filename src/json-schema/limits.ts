/** What each keyword leaves possible for a value, as far as that is certain from the schema alone. */
import { isDemand } from './keyword-faults.ts'
import { arrayLimits, objectLimits } from './inner-limits.ts'
import { numberLimits } from './number-limits.ts'
import { isSchema, listAt, numberAt, type Key, type Schema } from './schema-part.ts'
import { ANY_KIND, ARRAY, kindOf, kindsOfType, NO_KIND, OBJECT, STRING, type Kinds } from './value-kinds.ts'

/** A value that satisfies the schema is of one of these kinds. */
export interface Limit {
  readonly kinds: Kinds
  /** the keys below the schema of what limits it */
  readonly at: readonly Key[]
  readonly problem: string
  /** the schema there, where it is that which limits */
  readonly because?: unknown
}

/** What is known of other schemas. */
export interface Known {
  /** the kinds of values that may satisfy a schema */
  readonly kindsOf: (schema: unknown) => Kinds
  /** what the `$ref` of a schema refers to */
  readonly referred: (schema: Schema) => unknown
  /** whether a `$ref` puts everything beside it out of force */
  readonly isRefAlone: boolean
}

const CONFLICT = 'leaves no value that the rest of the schema allows'

export function* limitsOf(schema: Schema, known: Known): Generator<Limit> {
  const reference = '$ref' in schema ? known.referred(schema) : true
  if (known.isRefAlone && '$ref' in schema) {
    yield { kinds: known.kindsOf(reference), at: ['$ref'], problem: CONFLICT, because: reference }
    return
  }
  yield* ownLimits(schema)
  yield { kinds: known.kindsOf(reference), at: ['$ref'], problem: CONFLICT, because: reference }
  for (const [nth, part] of listAt(schema, 'allOf').entries()) {
    yield { kinds: known.kindsOf(part), at: ['allOf', nth], problem: CONFLICT, because: part }
  }
  for (const keyword of ['anyOf', 'oneOf']) {
    if (!Array.isArray(schema[keyword])) continue
    const parts = listAt(schema, keyword)
    const kinds = parts.reduce<Kinds>((sum, part) => sum | known.kindsOf(part), NO_KIND)
    const problem = kinds === NO_KIND ? 'none of the alternatives can be satisfied' : CONFLICT
    yield parts.length === 1
      ? { kinds, at: [keyword, 0], problem, because: parts[0] }
      : { kinds, at: [keyword], problem }
  }
  yield* objectLimits(schema, known)
  yield* arrayLimits(schema, known)
}

/** The limits that lie in the keywords of the schema itself. */
function* ownLimits(schema: Schema): Generator<Limit> {
  if (schema['type'] !== undefined) {
    yield { kinds: kindsOfType(schema['type']), at: ['type'], problem: 'is not what the top of a schema must allow' }
  }
  if (schema['const'] !== undefined) {
    yield { kinds: kindOf(schema['const']), at: ['const'], problem: 'is not of the `type` that is asked for' }
  }
  const choices = listAt(schema, 'enum')
  if (choices.length > 0) {
    const kinds = choices.reduce<Kinds>((sum, value) => sum | kindOf(value), NO_KIND)
    yield { kinds, at: ['enum'], problem: 'has no value of the `type` that is asked for' }
  }
  yield* notLimits(schema['not'])
  yield* numberLimits(schema)
  for (const [least, most, kind] of RANGES) {
    if ((numberAt(schema, least) ?? 0) > (numberAt(schema, most) ?? Infinity)) {
      yield { kinds: ANY_KIND & ~kind, at: [least], problem: `is above \`${most}\`` }
    }
  }
}

const RANGES = [
  ['minLength', 'maxLength', STRING],
  ['minItems', 'maxItems', ARRAY],
  ['minProperties', 'maxProperties', OBJECT],
] as const

function* notLimits(not: unknown): Generator<Limit> {
  const demands = isSchema(not) ? Object.keys(not).filter(isDemand) : undefined
  if (not === true || demands?.length === 0) yield { kinds: NO_KIND, at: ['not'], problem: 'excludes every value' }
  if (isSchema(not) && demands?.length === 1 && demands[0] === 'type') {
    yield { kinds: ANY_KIND & ~kindsOfType(not['type']), at: ['not'], problem: 'excludes every value that is left' }
  }
}
