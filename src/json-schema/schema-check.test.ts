import fc from 'fast-check'
import { expect, test } from 'vitest'
import { schemaInstance } from '../rehearsal/schema-instance.ts'
import { createSchemaCheck, findSchemaFault } from './index.ts'

const items = {
  type: 'object',
  properties: {
    items: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: { type: 'string' } },
        required: ['name'],
        additionalProperties: false,
      },
    },
  },
}

test.each<[string, object, unknown, string]>([
  [
    'a type',
    items,
    { items: [{ name: 'a' }, { name: 5 }] },
    '$.items[1].name: Instance type "number" is invalid. Expected "string"',
  ],
  ['what is missing', items, { items: [{}] }, '$.items[0]: Instance does not have required property "name"'],
  ['what is forbidden', items, { items: [{ name: 'a', 'b/c d': 1 }] }, '$.items[0]["b/c d"]: nothing may stand here'],
  ['another top', items, [], '$: Instance type "array" is invalid. Expected "object"'],
  ['too many properties', { maxProperties: 1 }, { a: 1, b: 2 }, '$: has too many properties'],
  [
    'the alternative that was meant',
    { properties: { a: { anyOf: [items, { type: 'null' }] } } },
    { a: { items: [5] } },
    '$.a.items[0]: Instance type "number" is invalid. Expected "object"',
  ],
  [
    'the alternative whose constant fits',
    {
      anyOf: ['a', 'b'].map((kind) => ({
        properties: { kind: { const: kind }, value: { type: kind === 'a' ? 'null' : 'integer' } },
      })),
    },
    { kind: 'b', value: 'text' },
    '$.value: Instance type "string" is invalid. Expected "integer"',
  ],
])('[CC11] a problem in a value is told by its place: %s', (_, schema, value, problem) => {
  expect(createSchemaCheck(schema)(value)).toBe(problem)
})

test('[CC11] a problem is told shortly', () => {
  const check = createSchemaCheck({ enum: Array.from({ length: 500 }, (_, nth) => `choice ${nth}`) })
  expect(check('none')?.length).toBeLessThanOrEqual(300)
})

test.each<[string, object, unknown, unknown]>([
  ['`definitions` without `$schema`', { $ref: '#/definitions/a b', definitions: { 'a b': { type: 'object' } } }, {}, 5],
  [
    'a reference to the top',
    { properties: { a: { $ref: '#' } }, additionalProperties: false },
    { a: { a: {} } },
    { a: { b: 1 } },
  ],
  [
    'a reference that is empty',
    { properties: { a: { $ref: '' } }, required: ['b'] },
    { a: { b: 1 }, b: 1 },
    { a: {}, b: 1 },
  ],
  ['what stands beside a reference', { $ref: '#/$defs/a', required: ['b'], $defs: { a: {} } }, { b: 1 }, {}],
  ['a reference into an unknown keyword', { $ref: '#/x/a', x: { a: { required: ['b'] } } }, { b: 1 }, {}],
  ['an `$id` at the top', { $id: 'urn:x', $ref: '#/$defs/a', $defs: { a: { required: ['b'] } } }, { b: 1 }, {}],
  [
    'draft 4 ranges',
    { $schema: 'http://json-schema.org/draft-04/schema#', properties: { a: { minimum: 1, exclusiveMinimum: true } } },
    { a: 2 },
    { a: 1 },
  ],
  ['draft 7 dependencies', { dependencies: { a: ['b'], c: { required: ['d'] } } }, { a: 1, b: 1 }, { c: 1 }],
  ['names in draft 7 dependencies', { dependencies: { a: ['b'] } }, { c: 1 }, { a: 1 }],
  [
    'a closed tuple of draft 7',
    { properties: { a: { items: [{ type: 'null' }], additionalItems: false } } },
    { a: [null] },
    { a: [null, 1] },
  ],
  ['a format it knows', { properties: { a: { format: 'date' } } }, { a: '2025-02-28' }, { a: '2025-02-30' }],
  [
    'a pattern with more escapes than needed',
    { properties: { a: { pattern: '^[\\w-.]+\\@\\d{2}{$' } } },
    { a: 'a-.b@12{' },
    { a: 'a@12' },
  ],
  ['a pattern for names', { patternProperties: { '^\\@': { type: 'null' } } }, { '@a': null, a: 1 }, { '@a': 1 }],
  [
    'names that every object inherits',
    JSON.parse('{"properties":{"__proto__":{"type":"null"}},"required":["constructor"]}'),
    JSON.parse('{"__proto__":null,"constructor":1}'),
    JSON.parse('{"__proto__":1,"constructor":1}'),
  ],
  ['names that are required and inherited', { required: ['toString'] }, { toString: 1 }, {}],
  [
    'words of the interpreter',
    { properties: { a: { __absolute_ref__: 'x', $ref: '#/$defs/s' } }, $defs: { s: { type: 'string' } } },
    { a: 'b' },
    { a: 1 },
  ],
])('[CC11] a check understands %s', (_, schema, valid, invalid) => {
  expect(findSchemaFault(schema)).toBeUndefined()
  const check = createSchemaCheck(schema)
  expect(check(valid)).toBeUndefined()
  expect(check(invalid)).toMatch(/^\$/)
})

test('[CC11] draft 7 reads nothing beside a reference', () => {
  const schema = { $ref: '#/definitions/a', required: ['b'], definitions: { a: {} } }
  expect(createSchemaCheck({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema })({})).toBeUndefined()
})

test('[CC11] formats that are not known ask for nothing, whatever they are called', () => {
  for (const format of ['int32', 'url', 'hasOwnProperty', '__proto__', 'constructor']) {
    expect(createSchemaCheck({ properties: { a: { format } } })({ a: 'b' })).toBeUndefined()
  }
})

test('[CC11] a schema is not changed by its check, even where it is frozen', () => {
  const schema = Object.freeze({ type: 'object', properties: Object.freeze({ a: Object.freeze({ $ref: '#' }) }) })
  expect(createSchemaCheck(schema)({ a: {} })).toBeUndefined()
  expect(Object.getOwnPropertyNames(schema)).toEqual(['type', 'properties'])
})

const HARD = `${'a'.repeat(40)}b`

test.each<[string, object, unknown]>([
  ['in a value', { properties: { a: { pattern: '^(a+)+$' } } }, { a: HARD }],
  ['in a name', { patternProperties: { '^(a+)+$': {} } }, { [HARD]: 1 }],
])('[CC11] a pattern that searches without end %s is stopped and told', (_, schema, value) => {
  const check = createSchemaCheck(schema)
  const start = performance.now()
  expect(check(value)).toBe('$: could not be checked in 250 ms')
  expect(performance.now() - start).toBeLessThan(5000)
  expect(check({ a: 'a', aa: 1 })).toBeUndefined()
})

test('[CC11] what cannot be checked is a problem, not an error', () => {
  let deep: unknown = {}
  for (let level = 0; level < 100_000; level += 1) deep = { a: deep }
  const check = createSchemaCheck({ type: 'object', additionalProperties: { $ref: '#' } })
  expect(check(deep)).toBe('$: is nested too deeply to be checked')
  expect(check({ '\ud83d': {} })).toContain('whole Unicode characters')
  const huge = createSchemaCheck({ properties: { a: { pattern: '((((a{999}){999}){999}){999})' } } })
  expect(huge({ a: 'a' })).toMatch(/^\$/)
})

test('[CC11] a hundred levels of alternatives are checked', () => {
  let schema: object = { type: 'string' }
  let value: unknown = 'x'
  for (let level = 0; level < 100; level += 1) {
    schema = { type: 'object', properties: { a: { anyOf: [{ type: 'null' }, schema] } }, required: ['a'] }
    value = { a: value }
  }
  expect(createSchemaCheck(schema)(value)).toBeUndefined()
})

const small = fc.integer({ min: 0, max: 4 })
const name = fc.constantFrom('a', 'b', '__proto__')
const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const
const scalar = fc.oneof(fc.constantFrom(null, true, 'a', 'long text', 0.5), small)

const { schema: anySchema } = fc.letrec<{ schema: unknown }>((tie) => {
  const part = tie('schema')
  return {
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(fc.boolean(), fc.record({ type: fc.constantFrom(...TYPES) }), fc.record({ const: scalar })),
      fc.record({ $ref: fc.constantFrom('#', '#/$defs/a', '#/$defs/b') }),
      fc.record(
        {
          type: fc.oneof(fc.constantFrom(...TYPES), fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1 })),
          enum: fc.array(scalar, { minLength: 1, maxLength: 3 }),
          minimum: small,
          maximum: small,
          exclusiveMaximum: fc.oneof(small, fc.boolean()),
          minLength: small,
          maxLength: small,
          nullable: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
      fc.record(
        {
          type: fc.constantFrom('object', ['object', 'null']),
          properties: fc.dictionary(name, part, { maxKeys: 3, noNullPrototype: true }),
          required: fc.uniqueArray(name),
          additionalProperties: part,
          minProperties: small,
          maxProperties: small,
        },
        { requiredKeys: ['properties'] },
      ),
      fc.record(
        {
          type: fc.constant('array'),
          items: part,
          prefixItems: fc.array(part, { maxLength: 2 }),
          minItems: small,
          maxItems: small,
          contains: part,
        },
        { requiredKeys: ['items'] },
      ),
      fc.record(
        {
          anyOf: fc.array(part, { minLength: 1, maxLength: 3 }),
          oneOf: fc.array(part, { minLength: 1, maxLength: 2 }),
          allOf: fc.array(part, { maxLength: 2 }),
          not: part,
        },
        { requiredKeys: [] },
      ),
    ),
  }
})

/** Schemas of objects, many of them recursive. */
const objectSchema = fc
  .record({
    properties: fc.dictionary(name, anySchema, { noNullPrototype: true }),
    required: fc.uniqueArray(name),
    a: anySchema,
    b: anySchema,
  })
  .map(({ properties, required, a, b }) => ({ type: 'object', properties, required, $defs: { a, b } }))

test('[CC11] a schema that has a valid instance has no fault, whatever it is', () => {
  let satisfied = 0
  let faulty = 0
  fc.assert(
    fc.property(objectSchema, (schema) => {
      const fault = findSchemaFault(schema)
      if (fault !== undefined) faulty += 1
      // What refers back to itself for the same value cannot be checked, and is a fault without being impossible.
      if (fault?.problem.startsWith('refers back')) return
      const instance = schemaInstance(schema, 'text')
      if (instance === undefined || createSchemaCheck(schema)(instance) !== undefined) return
      satisfied += 1
      expect(fault).toBeUndefined()
    }),
    { numRuns: 1000 },
  )
  expect(Math.min(satisfied, faulty)).toBeGreaterThan(50)
})

test('[CC11] whatever stands where a schema is expected is read without an error', () => {
  const keyword = fc.constantFrom(
    'type',
    'properties',
    'required',
    'enum',
    'items',
    'anyOf',
    'not',
    '$ref',
    'pattern',
    '$defs',
    'minimum',
    'dependencies',
  )
  const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
    anything: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.jsonValue(), fc.constantFrom('object', 'string', '#', '#/$defs/a', '[', 0, true)),
      fc.dictionary(fc.oneof(keyword, name), tie('anything'), { noNullPrototype: true }),
      fc.array(tie('anything'), { maxLength: 3 }),
    ),
  }))
  fc.assert(
    fc.property(anything, (schema) => {
      const fault = findSchemaFault(schema)
      if (fault !== undefined) expect(fault.problem).not.toBe('')
    }),
    { numRuns: 2000 },
  )
})
