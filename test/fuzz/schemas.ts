/** Schemas for `response_format` and the parameters of functions. */
import type { Random } from '../soak/random.ts'
import { nested } from './odd-values.ts'

type Schema = Readonly<Record<string, unknown>>

const LEAVES: readonly [Schema, ...Schema[]] = [
  { type: 'string' },
  { type: 'string', minLength: 1, maxLength: 40 },
  { type: 'string', enum: ['a', 'b', 'в'] },
  { type: 'integer', minimum: 0, maximum: 10 },
  { type: 'number' },
  { type: 'boolean' },
  { type: ['string', 'null'] },
  { type: 'null' },
  { const: 'x' },
  { anyOf: [{ type: 'string' }, { type: 'integer' }] },
  { type: 'string', format: 'date-time' },
  { $ref: '#/$defs/leaf' },
]

const part = (random: Random, depth: number): Schema => {
  if (depth === 0) return random.pick(LEAVES)
  switch (random.weighted({ leaf: 60, array: 15, object: 25 })) {
    case 'leaf':
      return random.pick(LEAVES)
    case 'array':
      return { type: 'array', items: part(random, depth - 1), maxItems: random.between(1, 5) }
    case 'object':
      return objectSchema(random, depth - 1)
  }
}

const NAMES = ['name', 'возраст', 'x-1', 'a b', '$id2', '__proto__', 'constructor', 'items'] as const

function objectSchema(random: Random, depth: number): Schema {
  const names = [...new Set(Array.from({ length: random.between(0, 4) }, () => random.pick(NAMES)))]
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, part(random, depth)])),
    required: names.filter(() => random.chance(0.7)),
    ...(random.chance(0.5) ? { additionalProperties: false } : {}),
  }
}

/** One that can be satisfied. */
export const goodSchema = (random: Random): Schema => ({
  ...objectSchema(random, random.between(0, 3)),
  $defs: { leaf: { type: 'string' } },
})

/** One that cannot, or is none. */
const BAD: readonly [unknown, ...unknown[]] = [
  { type: 'string' },
  { type: 'nothing' },
  { type: 'object', properties: 5 },
  { type: 'object', properties: { a: { type: 'string', minLength: 5, maxLength: 1 } }, required: ['a'] },
  { type: 'object', properties: { a: { enum: [] } }, required: ['a'] },
  { type: 'object', properties: { a: { $ref: 'https://example.org/schema' } } },
  { type: 'object', properties: { a: { $ref: '#/$defs/none' } } },
  { type: 'object', not: {} },
  { type: 'object', required: 'a' },
  { type: 'object', properties: { a: { type: 'string', pattern: '(' } } },
  [],
  'object',
  5,
  true,
]

export const badSchema = (random: Random): unknown => random.pick(BAD)

/** One that may be satisfied or not, or costs much to look at. */
const DOUBTFUL: readonly [() => unknown, ...(() => unknown)[]] = [
  () => ({ type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } }, required: ['a'] }),
  () => ({ type: 'object', properties: { a: { type: 'string', minLength: 100_000 } }, required: ['a'] }),
  () => ({ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }),
  () => ({ type: 'object', properties: { a: { $ref: '#' } } }),
  () => ({ type: 'object', a: nested(200, 'object') }),
  () => ({ type: 'object', properties: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`p${n}`, true])) }),
  () => ({ allOf: Array.from({ length: 500 }, () => ({ type: 'object', anyOf: [{}, {}] })) }),
  () => ({ type: 'object', minProperties: 200 }),
  () => ({ type: 'object', patternProperties: { '^(([a-z])+.)+[A-Z]$': {} }, minProperties: 1 }),
  () => ({ $schema: 'http://json-schema.org/draft-04/schema#', type: 'object', id: 'x', minimum: 1 }),
]

export const doubtfulSchema = (random: Random): unknown => random.pick(DOUBTFUL)()
