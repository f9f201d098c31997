import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { schemaInstance } from './schema-instance.ts'

const TEXT = 'Колко е часът? 🙂'
const made = (schema: unknown): unknown => schemaInstance(schema, TEXT)

describe('an instance', () => {
  test.each<[string, z.ZodType]>([
    ['an object', z.object({ name: z.string(), age: z.int().min(18), tall: z.boolean(), note: z.string().optional() })],
    ['formats', z.object({ a: z.email(), b: z.uuid(), c: z.url(), d: z.iso.date(), e: z.iso.datetime(), f: z.ipv4() })],
    ['lengths', z.object({ short: z.string().max(3), long: z.string().min(400), none: z.string().max(0) })],
    [
      'lists',
      z.object({
        some: z.array(z.int()).min(3),
        none: z.array(z.string()).max(0),
        pair: z.tuple([z.string(), z.int()]),
      }),
    ],
    [
      'unions',
      z.object({ a: z.union([z.never(), z.int()]), b: z.string().nullable(), c: z.enum(['x', 'y']), d: z.literal(7) }),
    ],
    ['discriminated unions', z.discriminatedUnion('kind', [z.object({ kind: z.literal('a'), x: z.int() })])],
    ['intersections', z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() }))],
    ['records', z.record(z.string(), z.int())],
    ['bare null', z.null()],
  ])('of %s is valid', (_, schema) => {
    expect(schema.safeParse(made(z.toJSONSchema(schema))).error).toBeUndefined()
  })

  test('of a schema that refers to itself ends', () => {
    const tree = z.object({
      value: z.string(),
      get children() {
        return z.array(tree)
      },
      get next() {
        return tree.nullable()
      },
    })
    expect(tree.safeParse(made(z.toJSONSchema(tree))).success).toBe(true)
    expect(
      made({ $ref: '#/$defs/a', $defs: { a: { type: 'object', properties: { a: { $ref: '#/$defs/a' } } } } }),
    ).toEqual({})
    expect(made({ $defs: { 'x/y': { const: 5 } }, $ref: '#/$defs/x~1y' })).toBe(5)
  })

  test('takes const, default, examples and enum before anything else', () => {
    expect(made({ type: 'string', default: 'd', examples: ['e'] })).toBe('d')
    expect(made({ type: 'string', examples: ['e'], enum: ['f', 'e'] })).toBe('e')
    expect(made({ const: null })).toBe(null)
  })

  test('takes what strings say from the text, and lets the items of a list differ', () => {
    expect(made({ type: 'string' })).toBe(TEXT)
    expect(made({ type: 'string', maxLength: 5 })).toBe('Колко')
    expect(made({ type: 'array', minItems: 2, uniqueItems: true, items: { type: 'string', maxLength: 7 } })).toEqual([
      'Колко е',
      'Колко 2',
    ])
  })

  test('has what allOf and siblings of anyOf require together', () => {
    const schema = {
      allOf: [{ $ref: '#/$defs/a' }, { properties: { b: { type: 'integer' } }, required: ['b'] }],
      $defs: { a: { type: 'object', properties: { a: { type: 'null' } }, required: ['a'] } },
    }
    expect(made(schema)).toEqual({ a: null, b: 1 })
    const either = { properties: { a: { const: 1 } }, anyOf: [false, { properties: { b: { const: 2 } } }] }
    expect(made(either)).toEqual({ a: 1, b: 2 })
  })

  test('has required properties that are not declared, and as many as minProperties asks', () => {
    expect(made({ required: ['x'], additionalProperties: { type: 'integer' }, minProperties: 2 })).toEqual({
      x: 1,
      property2: 1,
    })
  })

  test('is undefined where nothing can be valid', () => {
    expect(made({ type: 'object', properties: { a: false }, required: ['a'] })).toBeUndefined()
    expect(made({ type: 'array', items: false, minItems: 1 })).toBeUndefined()
  })
})

test('a number lies within its range', () => {
  const bound = fc.integer({ min: -50, max: 50 })
  fc.assert(
    fc.property(bound, fc.integer({ min: 2, max: 20 }), fc.boolean(), fc.boolean(), (low, width, isOpen, isWhole) => {
      const range = isOpen
        ? { exclusiveMinimum: low, exclusiveMaximum: low + width }
        : { minimum: low, maximum: low + width }
      const value = z.number().parse(made({ type: isWhole ? 'integer' : 'number', ...range }))
      expect(isOpen ? value > low && value < low + width : value >= low && value <= low + width).toBe(true)
      expect(!isWhole || Number.isInteger(value)).toBe(true)
    }),
  )
  expect(made({ type: 'integer', multipleOf: 5, minimum: 11 })).toBe(15)
})
