/**
 * A schema in the one form that the interpreter reads rightly: draft 2020-12, references by number, only keywords that
 * it knows. Reasons: it writes into the schema it is given, takes `id` and `$id` for addresses even where they are none,
 * looks formats up on an object with a prototype, reads patterns with the `u` flag only, and knows neither `nullable`
 * nor (beside draft 4) `exclusiveMinimum: true`.
 */
import { format, type Schema as InterpretedSchema } from '@cfworker/json-schema'
import { loosened, looseSchemas, partsAround } from './foreign-patterns.ts'
import { referredBy } from './references.ts'
import { isNullable, isRefAlone, isSchema, listAt, mapAt, numberAt, type Schema } from './schema-part.ts'
import { LISTS, SINGLE } from './subschemas.ts'
import { unicodePattern } from './unicode-pattern.ts'

const AS_THEY_ARE =
  'type const enum required dependentRequired uniqueItems multipleOf minLength maxLength minItems maxItems ' +
  'minContains maxContains minProperties maxProperties'

interface Copying {
  readonly root: Schema
  /** the parts that are referred to, each with the `$ref` that stands for it */
  readonly names: ReadonlyMap<Schema, string>
  /** the parts on which a pattern bears that cannot be tried */
  readonly loose: ReadonlySet<Schema>
}

/** A copy for the interpreter, which shares the values of `const` and `enum` with the schema. */
export function plainSchema(root: Schema): InterpretedSchema {
  const names = new Map<Schema, string>([[root, '#']])
  const around = partsAround(root)
  for (const part of around.keys()) {
    const target = referredBy(part, root)
    if (isSchema(target) && !names.has(target)) names.set(target, `#/$defs/${names.size}`)
  }
  const copying = { root, names, loose: looseSchemas(around) }
  const definitions = [...names].slice(1).map(([part], nth) => [nth + 1, plainPart(part, copying)] as const)
  return { ...plainPart(root, copying), $defs: Object.fromEntries(definitions) }
}

/** A schema in the place where it stands: what is referred to is written once, among the definitions. */
function plain(value: unknown, copying: Copying): unknown {
  if (!isSchema(value)) return value
  const name = copying.names.get(value)
  return name === undefined ? plainPart(value, copying) : { $ref: name }
}

function plainPart(schema: Schema, copying: Copying): Schema {
  const target = referredBy(schema, copying.root)
  const reference = isSchema(target) ? { $ref: copying.names.get(target) } : target === false ? { not: {} } : {}
  const isAlone = target !== undefined && isRefAlone(copying.root)
  const made = isAlone
    ? reference
    : { ...loosened({ ...values(schema), ...parts(schema, copying) }, schema, copying.loose), ...reference }
  return isNullable(schema) ? { anyOf: [made, { type: 'null' }] } : made
}

function values(schema: Schema): Schema {
  const made: Record<string, unknown> = {}
  for (const keyword of AS_THEY_ARE.split(' ')) if (schema[keyword] !== undefined) made[keyword] = schema[keyword]
  for (const [inner, outer] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    const [within, beyond] = [numberAt(schema, inner), numberAt(schema, outer)]
    if (within !== undefined) made[schema[outer] === true ? outer : inner] = within
    if (beyond !== undefined) made[outer] = beyond
  }
  const pattern = typeof schema['pattern'] === 'string' ? unicodePattern(schema['pattern']) : undefined
  if (pattern !== undefined) made['pattern'] = pattern
  // `url` is no format of JSON Schema, and the interpreter refuses hosts such as `localhost` for it.
  if (Object.hasOwn(format, String(schema['format'])) && schema['format'] !== 'url') made['format'] = schema['format']
  return made
}

function parts(schema: Schema, copying: Copying): Schema {
  const made: Record<string, unknown> = {}
  for (const keyword of SINGLE.keys()) {
    if (schema[keyword] !== undefined) made[keyword] = plain(schema[keyword], copying)
  }
  for (const keyword of LISTS.keys()) {
    if (Array.isArray(schema[keyword])) made[keyword] = listAt(schema, keyword).map((part) => plain(part, copying))
  }
  for (const keyword of ['properties', 'patternProperties', 'dependentSchemas']) {
    if (!isSchema(schema[keyword])) continue
    const name = keyword === 'patternProperties' ? unicodePattern : (key: string): string => key
    made[keyword] = Object.fromEntries(
      Object.entries(mapAt(schema, keyword)).flatMap(([key, part]) => {
        const named = name(key)
        return named === undefined ? [] : [[named, plain(part, copying)]]
      }),
    )
  }
  return { ...made, ...tuple(schema, made), ...dependencies(schema, copying) }
}

/** A list in `items`, with the rest in `additionalItems`, is how drafts before 2020-12 describe tuples. */
const tuple = (schema: Schema, made: Schema): Schema =>
  Array.isArray(schema['items'])
    ? { prefixItems: made['items'], items: made['additionalItems'] ?? true, additionalItems: undefined }
    : { additionalItems: undefined }

/** `dependencies` holds in one what 2019-09 parted into two. */
function dependencies(schema: Schema, copying: Copying): Schema {
  const entries = Object.entries(mapAt(schema, 'dependencies'))
  if (entries.length === 0) return {}
  const isNames = ([, value]: readonly [string, unknown]): boolean => Array.isArray(value)
  const others = entries.filter((entry) => !isNames(entry)).map(([name, part]) => [name, plain(part, copying)] as const)
  const schemas = Object.entries(mapAt(schema, 'dependentSchemas')).map(
    ([name, part]) => [name, plain(part, copying)] as const,
  )
  return {
    dependentRequired: { ...Object.fromEntries(entries.filter(isNames)), ...mapAt(schema, 'dependentRequired') },
    dependentSchemas: Object.fromEntries([...others, ...schemas]),
  }
}
