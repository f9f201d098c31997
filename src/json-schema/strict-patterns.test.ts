import { expect, test } from 'vitest'
import { withStrictPatterns } from './strict-patterns.ts'

test.each<[string, object, object]>([
  ['none', { type: 'object', properties: { a: { const: { pattern: '(?i)' } } } }, {}],
  [
    'one that JavaScript takes without the flag',
    { properties: { a: { pattern: '^\\@{$' } }, patternProperties: { '\\@': {} } },
    { properties: { a: { pattern: '^@\\{$' } }, patternProperties: { '@': {} } },
  ],
  [
    'one of Python',
    { $defs: { a: { type: 'string', pattern: '(?i)a', description: 'град' } }, items: { pattern: '\\Aa' } },
    {
      $defs: { a: { type: 'string', description: 'град\nPattern: (?i)a' } },
      items: { description: 'Pattern: \\Aa' },
    },
  ],
  [
    'names in Python',
    { properties: { pattern: {} }, patternProperties: { '(?i)a': {}, b: {} }, additionalProperties: false },
    { properties: { pattern: {} }, patternProperties: { b: {} } },
  ],
  ['a negation', { type: 'string', not: { pattern: '(?i)a' } }, { type: 'string' }],
])('[CC32] the CLI is given a schema whose patterns it takes: %s', (_kind, schema, expected) => {
  const given = structuredClone(schema)
  const strict = withStrictPatterns(given as Record<string, unknown>)
  expect(strict).toEqual(Object.keys(expected).length === 0 ? schema : expected)
  if ('not' in schema) expect(strict).not.toHaveProperty('not')
  if ('additionalProperties' in schema) expect(strict).not.toHaveProperty('additionalProperties')
  expect(given).toEqual(schema)
})
