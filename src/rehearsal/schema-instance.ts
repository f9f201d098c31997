/**
 * A small valid instance of a JSON Schema, always the same for the same schema and text. It knows what tool and output
 * schemas use: types, enum, const, default, examples, properties, items, ranges, lengths, common formats, anyOf, oneOf,
 * allOf and $ref within the document. It does not make strings for a `pattern`.
 */
import type { Schema } from './schema-values.ts'
import { arrayInstance, isSchema, numberInstance, objectInstance, stringInstance } from './schema-values.ts'

/** Where the walk is. */
interface Walk {
  readonly root: Schema
  /** what strings are made of */
  readonly text: string
  /** how many schemas lie around this one */
  readonly depth: number
  /** the references that lead here, so that recursion ends */
  readonly references: readonly string[]
  /** which of several instances in a list is made: they differ where the schema lets them */
  readonly nth: number
}

const MAX_DEPTH = 24

/** An instance of the schema; strings in it are the text, shortened or lengthened as the schema asks. */
export const schemaInstance = (schema: unknown, text: string): unknown =>
  instanceOf(schema, { root: isSchema(schema) ? schema : {}, text, depth: 0, references: [], nth: 0 })

/** `undefined` where no instance can be made, or none that does not lead back into itself. */
function instanceOf(schema: unknown, walk: Walk): unknown {
  if (schema === false || walk.depth > MAX_DEPTH) return undefined
  if (!isSchema(schema)) return walk.text
  if (isSchema(schema['not']) && Object.keys(schema['not']).length === 0) return undefined
  const inner = { ...walk, depth: walk.depth + 1 }
  if (typeof schema['$ref'] === 'string') return referredInstance(schema, schema['$ref'], inner)
  if ('const' in schema) return schema['const']
  if ('default' in schema) return schema['default']
  for (const key of ['examples', 'enum']) {
    const choices = schema[key]
    if (Array.isArray(choices) && choices.length > 0) return choices[walk.nth % choices.length]
  }
  if (Array.isArray(schema['allOf'])) return instanceOf(allTogether(schema, schema['allOf'], inner), inner)
  const branches = schema['anyOf'] ?? schema['oneOf']
  return Array.isArray(branches) ? branchInstance(schema, branches, inner) : typedInstance(schema, inner)
}

function referredInstance(schema: Schema, reference: string, walk: Walk): unknown {
  if (walk.references.includes(reference)) return undefined
  const { $ref: _, ...beside } = schema
  const target = merged(resolve(reference, walk.root), beside)
  return instanceOf(target, { ...walk, references: [...walk.references, reference] })
}

/** The part of the document that a reference like `#/$defs/Name` names; what it cannot find allows anything. */
function resolve(reference: string, root: Schema): Schema {
  const steps = reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter((step) => step !== '')
  let part: unknown = root
  for (const step of steps) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    part = typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined
  }
  return isSchema(part) ? part : {}
}

function allTogether(schema: Schema, parts: readonly unknown[], walk: Walk): Schema {
  const { allOf: _, ...rest } = schema
  return parts.filter(isSchema).reduce((sum, part) => {
    const reference = part['$ref']
    return merged(sum, typeof reference === 'string' ? resolve(reference, walk.root) : part)
  }, rest)
}

function branchInstance(schema: Schema, branches: readonly unknown[], walk: Walk): unknown {
  const { anyOf: _, oneOf: __, ...rest } = schema
  for (const branch of branches) {
    const made = instanceOf(isSchema(branch) ? merged(rest, branch) : branch, walk)
    if (made !== undefined) return made
  }
  return undefined
}

/** Both at once: properties and requirements added up, otherwise the second goes before the first. */
function merged(first: Schema, second: Schema): Schema {
  const both: Record<string, unknown> = { ...first, ...second }
  const [a, b] = [first['properties'], second['properties']]
  if (isSchema(a) && isSchema(b)) both['properties'] = { ...a, ...b }
  const [c, d] = [first['required'], second['required']]
  if (Array.isArray(c) && Array.isArray(d)) both['required'] = [...c, ...d]
  return both
}

function typedInstance(schema: Schema, walk: Walk): unknown {
  switch (typeOf(schema)) {
    case 'object':
      return objectInstance(schema, (part) => instanceOf(part, walk))
    case 'array':
      return arrayInstance(schema, (part, nth) => instanceOf(part, { ...walk, nth }))
    case 'number':
      return numberInstance(schema, walk.nth, false)
    case 'integer':
      return numberInstance(schema, walk.nth, true)
    case 'boolean':
      return walk.nth % 2 === 0
    case 'null':
      return null
    default:
      return stringInstance(schema, walk.text, walk.nth)
  }
}

const TELLING: readonly (readonly [string, string])[] = [
  ['properties', 'object'],
  ['required', 'object'],
  ['additionalProperties', 'object'],
  ['items', 'array'],
  ['prefixItems', 'array'],
  ['minItems', 'array'],
  ['minimum', 'number'],
  ['maximum', 'number'],
]

/** The first type that the schema allows besides null; without `type`, what its other keywords tell. */
function typeOf(schema: Schema): unknown {
  const type = schema['type']
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'null'
  return type ?? TELLING.find(([key]) => key in schema)?.[1]
}
