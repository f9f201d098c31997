import { expect, test } from 'vitest'
import { toCurrentDraft } from './current-draft.ts'

test('[FN1] a schema of the current draft is the very same, whatever it calls itself', () => {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { a: { enum: [null, 1], const: null, default: null }, b: { prefixItems: [{ type: 'string' }] } },
    required: ['a'],
    'x-own': { kept: [null] },
  }
  expect(toCurrentDraft(schema)).toBe(schema)
})

test.each([
  [
    'a tuple',
    { items: [{ type: 'string' }, { type: 'null' }] },
    { prefixItems: [{ type: 'string' }, { type: 'null' }] },
  ],
  ['a tuple with a rest', { items: [{}], additionalItems: false }, { prefixItems: [{}], items: false }],
  ['an exclusive bound', { minimum: 1, exclusiveMinimum: true }, { exclusiveMinimum: 1 }],
  ['a bound that is not exclusive', { maximum: 2, exclusiveMaximum: false }, { maximum: 2 }],
  ['keywords that are null', { title: null, required: null, properties: null, default: null }, { default: null }],
  ['a name required twice', { required: ['a', 'b', 'a'] }, { required: ['a', 'b'] }],
])('[FN1] [CC18] %s is written as the current draft does, wherever it stands', (_what, old, current) => {
  const around = (part: object) => ({
    type: 'object',
    properties: { a: { anyOf: [{ not: part }] } },
    $defs: { b: { items: part } },
  })
  expect(toCurrentDraft({ $schema: 'http://json-schema.org/draft-07/schema#', ...around(old) })).toEqual(
    around(current),
  )
})
