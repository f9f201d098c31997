import type { Key, Schema } from './schema-part.ts'
import { isSchema } from './schema-part.ts'

/** Keywords whose value is one schema; true for those that judge the same value as the schema they stand in. */
export const SINGLE: ReadonlyMap<string, boolean> = new Map([
  ['not', true],
  ['if', true],
  ['then', true],
  ['else', true],
  ['additionalItems', false],
  ['additionalProperties', false],
  ['contains', false],
  ['items', false],
  ['propertyNames', false],
  ['unevaluatedItems', false],
  ['unevaluatedProperties', false],
])

/** Keywords whose value is a list of schemas. `items` was one in drafts before 2020-12. */
export const LISTS: ReadonlyMap<string, boolean> = new Map([
  ['allOf', true],
  ['anyOf', true],
  ['oneOf', true],
  ['items', false],
  ['prefixItems', false],
])

/** Keywords whose value holds schemas by name. `dependencies`, before 2019-09, holds lists of names too. */
export const MAPS: ReadonlyMap<string, boolean> = new Map([
  ['$defs', false],
  ['definitions', false],
  ['dependencies', true],
  ['dependentSchemas', true],
  ['patternProperties', false],
  ['properties', false],
])

export interface Subschema {
  readonly at: readonly Key[]
  readonly value: unknown
  /** whether it judges the same value, not one inside it */
  readonly isInPlace: boolean
}

/** What stands where a schema belongs, in the order of the document; what a `$ref` refers to is not among it. */
export function* subschemasOf(schema: Schema): Generator<Subschema> {
  for (const [keyword, value] of Object.entries(schema)) {
    if (Array.isArray(value) && LISTS.has(keyword)) {
      for (const [nth, item] of value.entries()) {
        yield { at: [keyword, nth], value: item, isInPlace: LISTS.get(keyword) === true }
      }
    } else if (isSchema(value) && MAPS.has(keyword)) {
      for (const [name, part] of Object.entries(value)) {
        if (keyword === 'dependencies' && Array.isArray(part)) continue
        yield { at: [keyword, name], value: part, isInPlace: MAPS.get(keyword) === true }
      }
    } else if (value !== undefined && SINGLE.has(keyword)) {
      yield { at: [keyword], value, isInPlace: SINGLE.get(keyword) === true }
    }
  }
}

/** The value of a keyword with each schema that stands in it exchanged for what `change` makes of it. */
export function mapSubschemas(keyword: string, value: unknown, change: (part: unknown) => unknown): unknown {
  if (MAPS.has(keyword) && isSchema(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, change(part)]))
  }
  if (LISTS.has(keyword) && Array.isArray(value)) return value.map(change)
  return SINGLE.has(keyword) ? change(value) : value
}
