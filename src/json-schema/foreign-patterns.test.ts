import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isBrokenPattern } from './foreign-patterns.ts'
import { createSchemaCheck } from './schema-check.ts'

const PYTHON = '(?i)^abc$'
const name = { type: 'string', pattern: PYTHON }

test.each<[string, object, unknown, unknown]>([
  ['a string', name, 'anything', 5],
  ['a property', { properties: { a: name }, required: ['a'] }, { a: 'x' }, { a: 5 }],
  ['a definition', { $ref: '#/$defs/n', $defs: { n: name } }, 'x', 5],
  [
    'a definition below a property',
    { properties: { a: { $ref: '#/$defs/n' } }, $defs: { n: name } },
    { a: 'x' },
    { a: 5 },
  ],
  ['names', { patternProperties: { [PYTHON]: { type: 'null' } } }, { abc: 1 }, undefined],
  [
    'names beside a closed object',
    { properties: { b: { type: 'null' } }, patternProperties: { [PYTHON]: {} }, additionalProperties: false },
    { ABC: 1 },
    { b: 1 },
  ],
  [
    'names within what is not evaluated',
    { allOf: [{ patternProperties: { [PYTHON]: {} } }], unevaluatedProperties: false },
    { ABC: 1 },
    undefined,
  ],
  ['names of properties', { propertyNames: { pattern: PYTHON, maxLength: 3 } }, { xyz: 1 }, { wxyz: 1 }],
  ['a negation', { type: 'string', not: { pattern: PYTHON } }, 'abd', 5],
  ['a negation by reference', { not: { $ref: '#/$defs/n' }, type: 'string', $defs: { n: name } }, 'abd', 5],
  ['a negation of a list', { type: 'array', not: { items: name } }, ['x'], 5],
  ['one of several', { oneOf: [name, { type: 'string', minLength: 2 }] }, 'xy', 5],
  ['one of several beside all', { oneOf: [name, { const: 'b' }], allOf: [{ maxLength: 2 }] }, 'b', 'abc'],
  ['a condition', JSON.parse('{"if":{"pattern":"(?i)^abc$"},"then":{"const":"ABC"}}') as object, 'other', undefined],
  [
    'what follows from a condition',
    JSON.parse('{"if":{"type":"string"},"then":{"pattern":"(?i)^abc$"},"else":false}') as object,
    'x',
    5,
  ],
  ['what a list contains', { contains: name, maxContains: 1 }, ['a', 'b'], [1]],
])('[CC31] a value is not checked against a pattern of another dialect in %s', (_kind, schema, good, bad) => {
  const check = createSchemaCheck(schema)
  expect(check(good)).toBeUndefined()
  if (bad !== undefined) expect(check(bad)).toBeTypeOf('string')
})

test('[CC31] the parts beside such a pattern are checked as before', () => {
  const check = createSchemaCheck({
    properties: { a: name, b: { type: 'string', not: { pattern: '^x' } }, c: { oneOf: [{}, { const: 1 }] } },
    additionalProperties: false,
  })
  expect(check({ a: '?', b: 'y', c: 2 })).toBeUndefined()
  for (const value of [{ b: 'x' }, { c: 1 }, { d: 1 }]) expect(check(value)).toBeTypeOf('string')
})

test('[CC31] what JavaScript takes is never broken, and judging takes one pass', () => {
  const part = fc.constantFrom('(', ')', '[', ']', '\\', '^', '?', '#', 'a', '(?:', '[^')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const source = parts.join('')
      let isOurs = true
      try {
        RegExp(source)
      } catch {
        isOurs = false
      }
      fc.pre(isOurs)
      expect([source, isBrokenPattern(source)]).toEqual([source, false])
    }),
    { numRuns: 3000 },
  )
  expect(isBrokenPattern('[['.repeat(2_000_000))).toBe(true)
  expect(isBrokenPattern('(?#'.repeat(2_000_000))).toBe(true)
  expect(isBrokenPattern('(?a'.repeat(2_000_000))).toBe(true)
})
