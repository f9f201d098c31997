import type { Known, Limit } from './limits.ts'
import { listAt, mapAt, numberAt, type Key, type Schema } from './schema-part.ts'
import { ANY_KIND, ARRAY, NO_KIND, OBJECT } from './value-kinds.ts'

const NO_OBJECT = ANY_KIND & ~OBJECT
const NO_ARRAY = ANY_KIND & ~ARRAY

/** Whether an object can have the properties that it must have. */
export function* objectLimits(schema: Schema, { kindsOf }: Known): Generator<Limit> {
  const properties = mapAt(schema, 'properties')
  const required = listAt(schema, 'required')
  // Which names a pattern takes in is not tried: only the other properties are certain.
  const isClosed = Object.keys(mapAt(schema, 'patternProperties')).length === 0
  const others = schema['additionalProperties'] ?? true
  for (const [nth, name] of required.entries()) {
    const isDeclared = Object.hasOwn(properties, String(name))
    const rule = isDeclared ? properties[String(name)] : isClosed ? others : true
    if (kindsOf(rule) !== NO_KIND) continue
    if (isDeclared) yield inside(NO_OBJECT, ['properties', String(name)], rule)
    else if (others !== false) yield inside(NO_OBJECT, ['additionalProperties'], rule)
    else yield { kinds: NO_OBJECT, at: ['required', nth], problem: 'is forbidden by `additionalProperties`' }
  }
  if (new Set(required).size > (numberAt(schema, 'maxProperties') ?? Infinity)) {
    yield { kinds: NO_OBJECT, at: ['maxProperties'], problem: 'is below the number of `required` properties' }
  }
  const least = numberAt(schema, 'minProperties') ?? 0
  if (others === false && isClosed && least > Object.keys(properties).length) {
    yield { kinds: NO_OBJECT, at: ['minProperties'], problem: 'is above the number of `properties`' }
  }
}

/** Whether an array can have the items that it must have. */
export function* arrayLimits(schema: Schema, { kindsOf }: Known): Generator<Limit> {
  const least = numberAt(schema, 'minItems') ?? 0
  const isOldTuple = Array.isArray(schema['items'])
  const firstsAt = isOldTuple ? 'items' : 'prefixItems'
  const firsts = listAt(schema, firstsAt)
  for (const [nth, rule] of firsts.slice(0, least).entries()) {
    if (kindsOf(rule) === NO_KIND) yield inside(NO_ARRAY, [firstsAt, nth], rule)
  }
  const restAt = isOldTuple ? 'additionalItems' : 'items'
  const rest = schema[restAt] ?? true
  if (least > firsts.length && kindsOf(rest) === NO_KIND) yield inside(NO_ARRAY, [restAt], rest)
  if (schema['contains'] === undefined) return
  const leastContained = numberAt(schema, 'minContains') ?? 1
  if (leastContained > 0 && kindsOf(schema['contains']) === NO_KIND) {
    yield inside(NO_ARRAY, ['contains'], schema['contains'])
  }
  for (const most of ['maxContains', 'maxItems']) {
    if (leastContained > (numberAt(schema, most) ?? Infinity)) {
      yield { kinds: NO_ARRAY, at: [most], problem: 'allows fewer items than `contains` asks for' }
    }
  }
}

const inside = (kinds: number, at: readonly Key[], because: unknown): Limit => ({
  kinds,
  at,
  problem: 'allows no value, but one is required',
  because,
})
