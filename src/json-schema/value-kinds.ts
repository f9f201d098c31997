/** A set of kinds of JSON values, one bit each. Whole numbers and others are two kinds: `number` is both. */
export type Kinds = number

export const NO_KIND: Kinds = 0
export const NULL: Kinds = 1
export const BOOLEAN: Kinds = 2
export const INTEGER: Kinds = 4
export const FRACTION: Kinds = 8
export const STRING: Kinds = 16
export const ARRAY: Kinds = 32
export const OBJECT: Kinds = 64
export const ANY_KIND: Kinds = 127

const KINDS_BY_TYPE: ReadonlyMap<unknown, Kinds> = new Map([
  ['object', OBJECT],
  ['array', ARRAY],
  ['string', STRING],
  ['number', INTEGER | FRACTION],
  ['integer', INTEGER],
  ['boolean', BOOLEAN],
  ['null', NULL],
])

/** The names that `type` may have. */
export const TYPE_NAMES: readonly string[] = [...KINDS_BY_TYPE.keys()].map(String)

/** The kinds that the value of `type` allows, one name or a list of them. */
export const kindsOfType = (type: unknown): Kinds =>
  (Array.isArray(type) ? type : [type]).reduce<Kinds>(
    (sum, name) => sum | (KINDS_BY_TYPE.get(name) ?? NO_KIND),
    NO_KIND,
  )

/** The kind of a JSON value. */
export function kindOf(value: unknown): Kinds {
  if (value === null) return NULL
  if (typeof value === 'number') return Number.isInteger(value) ? INTEGER : FRACTION
  if (typeof value === 'boolean') return BOOLEAN
  if (typeof value === 'string') return STRING
  return Array.isArray(value) ? ARRAY : OBJECT
}
