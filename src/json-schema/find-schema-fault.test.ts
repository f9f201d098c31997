import { expect, test } from 'vitest'
import { findSchemaFault, type SchemaFault } from './index.ts'

const object = (properties: object, more: object = {}): object => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  ...more,
})

/** An object whose required property `a` has the schema. */
const around = (schema: unknown): object => object({ a: schema })

const endless = { type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }

type Path = SchemaFault['path']

const A = ['properties', 'a']

test.each<[string, unknown, Path]>([
  ['null', null, []],
  ['an array', [], []],
  ['true', true, []],
  ['a string', 'object', []],
  ['an array at the top', { type: 'array', items: {} }, ['type']],
  ['a choice of types at the top', { type: ['object', 'null'] }, ['type']],
  ['a reference to a string at the top', { $ref: '#/$defs/s', $defs: { s: { type: 'string' } } }, ['$ref']],
  ['alternatives without an object at the top', { anyOf: [{ type: 'string' }, { type: 'null' }] }, ['anyOf']],
])('[CC11] %s is no schema of an object', (_, schema, path) => {
  expect(findSchemaFault(schema)?.path).toEqual(path)
})

test.each<[string, unknown, Path]>([
  ['a number for a schema', 5, []],
  ['null for a schema', null, []],
  ['an array for a schema', [], []],
  ['a number among alternatives', { anyOf: [{}, 5] }, ['anyOf', 1]],
  ['an object for a list', { allOf: {} }, ['allOf']],
  ['a list for a single schema', { not: [{}] }, ['not']],
  ['a string for items', { items: 'string' }, ['items']],
  ['a string for additionalProperties', { additionalProperties: 'no' }, ['additionalProperties']],
  ['a string among items', { items: [{}, 'string'] }, ['items', 1]],
  ['a list for properties', { properties: [] }, ['properties']],
  ['null for a property', { properties: { b: null } }, ['properties', 'b']],
  ['half a character in a name', { properties: { '\ud83d': {} } }, ['properties', '\ud83d']],
  ['a malformed part that nothing refers to', { $defs: { b: { type: 'text' } } }, ['$defs', 'b', 'type']],
  ['a type that does not exist', { type: 'text' }, ['type']],
  ['a type that does not exist among others', { type: ['string', 'any'] }, ['type', 1]],
  ['no types', { type: [] }, ['type']],
  ['a name that every object inherits as a type', { type: 'constructor' }, ['type']],
  ['true for required', { required: true }, ['required']],
  ['a number in required', { required: ['b', 1] }, ['required']],
  ['an empty enum', { enum: [] }, ['enum']],
  ['an object for enum', { enum: { a: 1 } }, ['enum']],
  ['a negative length', { minLength: -1 }, ['minLength']],
  ['half an item', { maxItems: 1.5 }, ['maxItems']],
  ['text for a number', { minimum: '5' }, ['minimum']],
  ['a step of nothing', { multipleOf: 0 }, ['multipleOf']],
  ['text for true', { uniqueItems: 'yes' }, ['uniqueItems']],
  ['a number for a format', { format: 1 }, ['format']],
  ['a number for a pattern', { pattern: 1 }, ['pattern']],
  ['an open group', { pattern: '(' }, ['pattern']],
  ['an open class', { pattern: 'a[b' }, ['pattern']],
  ['a group that ends twice', { pattern: '(?i)a)' }, ['pattern']],
  ['a backslash at the end', { pattern: '(?P<a>b)\\' }, ['pattern']],
  ['an open group for names', { patternProperties: { '[': {} } }, ['patternProperties', '[']],
  ['no names in dependencies', { dependentRequired: { b: 'c' } }, ['dependentRequired', 'b']],
  ['a number for a reference', { $ref: 1 }, ['$ref']],
  ['a reference to nowhere', { $ref: '#/$defs/none' }, ['$ref']],
  ['a reference to what every object inherits', { $ref: '#/constructor' }, ['$ref']],
  ['a reference to no schema', { $ref: '#/type' }, ['$ref']],
  ['a reference to an item that is not', { anyOf: [{ $ref: '#/properties/a/anyOf/length' }] }, ['anyOf', 0, '$ref']],
  ['a reference to an anchor', { $ref: '#name', $anchor: 'name' }, ['$ref']],
  ['a reference to another document', { $ref: 'https://example.com/schema.json' }, ['$ref']],
  ['a reference by name', { $ref: 'Node' }, ['$ref']],
  ['a reference that is not well encoded', { $ref: '#/$defs/%' }, ['$ref']],
  ['a dynamic reference', { $dynamicRef: '#node' }, ['$dynamicRef']],
  ['a recursive reference', { $recursiveRef: '#' }, ['$recursiveRef']],
  ['a reference within another document', { $id: 'b.json', items: { $ref: '#' } }, ['items', '$ref']],
  ['a reference to itself', { $ref: '#/properties/a' }, ['$ref']],
  [
    'alternatives that are themselves',
    { anyOf: [{ type: 'string' }, { $ref: '#/properties/a' }] },
    ['anyOf', 1, '$ref'],
  ],
])('[CC11] %s is a fault at its place', (_, schema, path) => {
  expect(findSchemaFault(around(schema))?.path).toEqual([...A, ...path])
})

test.each<[string, unknown, Path]>([
  ['false', false, []],
  ['not anything', { not: {} }, ['not']],
  ['not anything, with a description', { not: { description: 'nothing' } }, ['not']],
  ['not true', { not: true }, ['not']],
  ['a type that is excluded', { type: 'integer', not: { type: 'number' } }, ['not']],
  ['minimum above maximum', { type: 'integer', minimum: 5, maximum: 2 }, ['minimum']],
  ['an open range of one number', { type: 'number', exclusiveMinimum: 2, maximum: 2 }, ['exclusiveMinimum']],
  ['an open range as OpenAPI says it', { type: 'number', minimum: 2, exclusiveMinimum: true, maximum: 2 }, ['minimum']],
  ['a range without a whole number', { type: 'integer', minimum: 0.2, maximum: 0.8 }, ['minimum']],
  ['minLength above maxLength', { type: 'string', minLength: 5, maxLength: 2 }, ['minLength']],
  ['minItems above maxItems', { type: 'array', minItems: 5, maxItems: 2 }, ['minItems']],
  ['minProperties above maxProperties', { type: 'object', minProperties: 5, maxProperties: 2 }, ['minProperties']],
  ['an enum of another type', { type: 'string', enum: [1, 2] }, ['enum']],
  ['a constant of another type', { type: 'integer', const: 1.5 }, ['const']],
  ['too few properties', { type: 'object', required: ['b', 'c'], maxProperties: 1 }, ['maxProperties']],
  ['a property that is forbidden', { type: 'object', required: ['b'], additionalProperties: false }, ['required', 0]],
  ['a required property of false', object({ b: {}, c: false }), ['properties', 'c']],
  [
    'required others of false',
    object({}, { required: ['b'], additionalProperties: { not: {} } }),
    ['additionalProperties', 'not'],
  ],
  [
    'more properties than there may be',
    object({}, { minProperties: 1, additionalProperties: false }),
    ['minProperties'],
  ],
  ['contradictory types in allOf', { allOf: [{ type: 'string' }, { type: 'object' }] }, ['allOf', 1]],
  ['a type that allOf contradicts', { type: 'string', allOf: [{ type: ['object', 'null'] }] }, ['allOf', 0]],
  [
    'an impossible part in allOf',
    { allOf: [{}, { type: 'string', minLength: 5, maxLength: 2 }] },
    ['allOf', 1, 'minLength'],
  ],
  ['one alternative that is false', { anyOf: [false] }, ['anyOf', 0]],
  ['alternatives that are all impossible', { oneOf: [false, { not: {} }] }, ['oneOf']],
  ['a type that no alternative has', { type: 'string', anyOf: [{ type: 'null' }, { const: 5 }] }, ['anyOf']],
  ['no alternatives', { anyOf: [] }, ['anyOf']],
  ['items of false', { type: 'array', minItems: 1, items: false }, ['items']],
  ['a tuple with false', { type: 'array', minItems: 2, prefixItems: [{}, false] }, ['prefixItems', 1]],
  ['a closed tuple that is too short', { type: 'array', minItems: 2, prefixItems: [{}], items: false }, ['items']],
  [
    'an old closed tuple that is too short',
    { type: 'array', minItems: 2, items: [{}], additionalItems: false },
    ['additionalItems'],
  ],
  ['containing false', { type: 'array', contains: false }, ['contains']],
  ['containing more than there may be', { type: 'array', contains: {}, minContains: 3, maxItems: 2 }, ['maxItems']],
])('[CC11] %s is impossible where a value is required', (_, schema, path) => {
  expect(findSchemaFault(around(schema))?.path).toEqual([...A, ...path])
})

test.each<[string, unknown, Path]>([
  ['itself', endless, ['properties', 'a', '$ref']],
  [
    'itself by another',
    { $ref: '#/$defs/a', $defs: { a: around({ $ref: '#/$defs/b' }), b: around({ $ref: '#/$defs/a' }) } },
    ['$defs', 'b', ...A, '$ref'],
  ],
  [
    'itself in a list that must not be empty',
    around({ type: 'array', minItems: 1, items: { $ref: '#' } }),
    [...A, 'items', '$ref'],
  ],
  ['itself in every alternative', around({ anyOf: [{ $ref: '#' }, { ...endless }] }), [...A, 'anyOf']],
])('[CC11] a schema that requires %s has no end', (_, schema, path) => {
  expect(findSchemaFault(schema)?.path).toEqual(path)
})

const MUST_BE_OBJECT = 'the top of the schema must be an object; put what is wanted into a property of one'

test.each<[unknown, Path]>([
  [{ const: 'a' }, ['const']],
  [{ const: null }, ['const']],
  [{ const: ['a'] }, ['const']],
  [{ type: 'object', const: 5 }, ['const']],
  [{ enum: ['a', 'b'] }, ['enum']],
  [{ enum: [1, null, []] }, ['enum']],
  [{ type: 'array', items: {} }, ['type']],
  [{ type: 'string', const: 'a' }, ['type']],
  [{ type: ['object', 'null'] }, ['type']],
  [{ $ref: '#/$defs/s', $defs: { s: { type: 'string' } } }, ['$ref']],
  [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, ['anyOf']],
  [{ anyOf: [{ const: 'a' }] }, ['anyOf', 0]],
  [{ oneOf: [{ enum: ['a'] }, { $ref: '#/$defs/s' }], $defs: { s: { type: 'array' } } }, ['oneOf']],
  [{ allOf: [{ description: 'град 🙂' }, { type: 'integer' }] }, ['allOf', 1]],
  [{ not: { type: 'object' } }, ['not']],
])('[CC30] that the top of a schema must be an object is said of %j', (schema, path) => {
  expect(findSchemaFault(schema)).toEqual({ path, problem: MUST_BE_OBJECT })
})

test.each([
  ['in Python', '(?i)^abc$', '(?P<y>\\d{4})-(?P=y)', '\\A[a-z]+\\Z', '(?x) a # :-(', 'x{,3}', '(?#:()a'],
  ['in PCRE', 'a++', '(?>a|b)', '\\Qa(b\\E', '[[:alpha:]]+', '(?|a|b)', '\\p{Greek}\\h', '[]a](?i)'],
  ['with nothing to repeat', '*', 'a{2,1}'],
])('[CC31] [FN13] a pattern %s is no fault', (_kind, ...patterns) => {
  for (const pattern of patterns) {
    expect([pattern, findSchemaFault(around({ pattern, patternProperties: { [pattern]: {} } }))]).toEqual([
      pattern,
      undefined,
    ])
  }
})

test('[CC11] a fault says what is wrong with its part', () => {
  expect(findSchemaFault(endless)?.problem).toBe('requires itself without end')
  expect(findSchemaFault(around(false))?.problem).toBe('`false` allows no value, but one is required')
  expect(findSchemaFault(around({ $ref: '#x' }))?.problem).toContain('anchor')
  expect(findSchemaFault(around({ type: 'text' }))?.problem).toContain('one of object, array, string')
  expect(findSchemaFault({ $ref: '#/$defs/s', $defs: { s: { type: 'string' } } })?.problem).toContain('object')
})

test.each<[string, unknown]>([
  ['nothing', {}],
  ['a tree', around({ type: 'array', items: { $ref: '#' } })],
  ['a list by null', around({ anyOf: [{ $ref: '#' }, { type: 'null' }] })],
  ['an optional property of itself', { type: 'object', properties: { a: { $ref: '#' } } }],
  ['a property that is forbidden', { type: 'object', properties: { a: false, b: { not: {} } } }],
  ['an impossible alternative', around({ anyOf: [{ type: 'integer', minimum: 5, maximum: 2 }, { type: 'string' }] })],
  ['an empty tuple as zod 4 writes it for OpenAPI', around({ type: 'array', items: { anyOf: [] }, maxItems: 0 })],
  ['an empty list of impossible items', around({ type: 'array', items: false })],
  ['limits of another type', around({ type: 'string', minimum: 5, maximum: 2 })],
  [
    'a name that a pattern may take in',
    around({ required: ['b'], patternProperties: { b: {} }, additionalProperties: false }),
  ],
  ['an impossible part that null stands beside', around({ type: 'string', enum: [1], nullable: true })],
  ['whole numbers written as others', around({ type: 'integer', const: 1.0 })],
  ['a range of one number', around({ type: 'integer', minimum: 5, maximum: 5 })],
  [
    'names that every object inherits',
    JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{}},"required":["__proto__","constructor"],"additionalProperties":false}',
    ),
  ],
  [
    'what draft 7 does not read beside a reference',
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
      ...around({ $ref: '#/definitions/s', type: 'null' }),
      definitions: { s: { type: 'string' } },
    },
  ],
  [
    'a reference by a part of the path',
    object(
      { a: { type: 'string' }, b: { $ref: '#/properties/a' }, c: { $ref: '#/x/0/y~1%7Ez' } },
      { x: [{ 'y/~z': {} }] },
    ),
  ],
  ['patterns that need no flag', around({ pattern: '^[\\w\\-]+\\@{$', patternProperties: { '\\_': {} } })],
])('[CC11] %s is possible', (_, schema) => {
  expect(findSchemaFault(schema)).toBeUndefined()
})

test('[CC11] names that every object inherits are looked for in the schema only', () => {
  const schema = JSON.parse('{"type":"object","properties":{},"required":["__proto__"],"additionalProperties":false}')
  expect(findSchemaFault(schema)?.path).toEqual(['required', 0])
  expect(findSchemaFault(JSON.parse('{"properties":{"__proto__":{"type":"text"}}}'))?.path).toEqual([
    'properties',
    '__proto__',
    'type',
  ])
})

const nested = (levels: number, innermost: unknown, wrap: (inner: unknown) => object): unknown => {
  let schema = innermost
  for (let level = 0; level < levels; level += 1) schema = wrap(schema)
  return schema
}

test('[CC11] hundreds of levels are read, and more than the limit refused, without the stack ending', () => {
  expect(findSchemaFault(nested(498, { type: 'string' }, around))).toBeUndefined()
  expect(findSchemaFault(nested(498, false, around))?.path).toHaveLength(498 * 2)
  expect(findSchemaFault(nested(50_000, {}, around))?.problem).toContain('500 levels')
})

test('[CC11] sharing by reference costs no more than its length', () => {
  const levels = 1000
  const next = (nth: number): object => (nth === levels ? { type: 'string' } : { $ref: `#/$defs/${nth + 1}` })
  const definitions = Array.from({ length: levels }, (_, nth) => [
    String(nth + 1),
    object({ a: next(nth + 1), b: next(nth + 1) }),
  ])
  const schema = { ...object({ a: next(0) }), $defs: { ...Object.fromEntries(definitions), [levels]: false } }
  expect(findSchemaFault(schema)?.path).toEqual(['$defs', String(levels - 1), 'properties', 'a', '$ref'])
  expect(findSchemaFault({ ...schema, $defs: { ...schema.$defs, [levels]: true } })).toBeUndefined()
})

test('[CC11] a schema with too many parts is refused', () => {
  const properties = Object.fromEntries(Array.from({ length: 6000 }, (_, nth) => [`p${nth}`, {}]))
  expect(findSchemaFault(object(properties))?.problem).toContain('5000 parts')
})
