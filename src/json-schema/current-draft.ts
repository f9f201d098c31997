import { isSchema, type Schema } from './schema-part.ts'
import { mapSubschemas } from './subschemas.ts'

/** Keywords of which null is a value like any other. */
const MAY_BE_NULL: ReadonlySet<string> = new Set(['const', 'default', 'example'])

/** A list in `items`, with the rest in `additionalItems`, describes a tuple before 2020-12. */
const tuple = ({ items, additionalItems, ...rest }: Schema): Schema => ({
  ...rest,
  prefixItems: items,
  ...(additionalItems === undefined ? {} : { items: additionalItems }),
})

/** `exclusiveMinimum: true` makes a bound of draft 4 exclusive. */
function bounds(schema: Schema): Schema {
  const made: Record<string, unknown> = { ...schema }
  for (const [inner, outer] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof schema[outer] !== 'boolean') continue
    delete made[outer]
    if (!schema[outer] || schema[inner] === undefined) continue
    made[outer] = schema[inner]
    delete made[inner]
  }
  return made
}

/** Keywords without a value ask for nothing; a name that is required twice is required. */
function part(value: unknown): unknown {
  if (!isSchema(value)) return value
  const entries = Object.entries(value)
    .filter(([keyword, given]) => given !== null || MAY_BE_NULL.has(keyword))
    .map(([keyword, given]): [string, unknown] => [
      keyword,
      keyword === 'required' && Array.isArray(given)
        ? [...new Set<unknown>(given)]
        : mapSubschemas(keyword, given, part),
    ])
  const made = bounds(Object.fromEntries(entries))
  return Array.isArray(made['items']) ? tuple(made) : made
}

/**
 * A schema as draft 2020-12 writes it, annotations and all; the very same object where it is written so already. What
 * drafts 4 to 7 and generators write otherwise: tuples, exclusive bounds, keywords that are null, names required twice.
 */
export function toCurrentDraft(schema: Schema): Schema {
  const { $schema: _dialect, ...made } = part(schema) as Schema
  const { $schema: _same, ...given } = schema
  return JSON.stringify(made) === JSON.stringify(given) ? schema : made
}
