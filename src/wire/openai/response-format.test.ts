import { expect, test } from 'vitest'
import { parseChatRequest } from './chat-request.ts'

const parse = (response_format: unknown, rest: object = {}) =>
  parseChatRequest({ messages: [{ role: 'user', content: 'Здравей' }], response_format, ...rest })
const schemaOf = (response_format: unknown): unknown => parse(response_format).outputSchema
const asSchema = (schema: unknown): object => ({ type: 'json_schema', json_schema: { name: 'n', schema } })
const refused = (param: string, message?: string): object =>
  expect.objectContaining({
    code: 'invalid_request',
    param,
    ...(message === undefined ? {} : { message: `\`${param}\`: ${message}.` }),
  })

test('[CC11] without a format, or with that of text, the answer is any text', () => {
  for (const format of [undefined, null, { type: 'text' }, { type: 'text', json_schema: { schema: { type: 'x' } } }])
    expect(schemaOf(format)).toBeUndefined()
})

test('[CC11] [R6] json_object asks for any object', () => {
  expect(schemaOf({ type: 'json_object' })).toEqual({ type: 'object', additionalProperties: true })
})

test('[CC11] [R6] [R49] json_schema asks for its schema as it is, strict or not', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { ж: { $ref: '#/$defs/ж' } },
    $defs: { ж: { type: 'string', 'x-unknown': 1 } },
    additionalProperties: false,
  }
  for (const rest of [{}, { strict: true }, { strict: false }, { strict: null, name: 'n', description: 'd' }])
    expect(schemaOf({ type: 'json_schema', json_schema: { ...rest, schema } })).toEqual(schema)
})

test('[CC11] a schema without a type asks for an object', () => {
  expect(schemaOf(asSchema({}))).toEqual({ type: 'object' })
  expect(schemaOf(asSchema({ properties: { a: true } }))).toEqual({ type: 'object', properties: { a: true } })
})

test.each([
  ['an unknown type', { type: 'xml' }, 'response_format.type'],
  ['a grammar', { type: 'grammar', grammar: 'a' }, 'response_format.type'],
  ['no type', {}, 'response_format.type'],
  ['a text', 'json_object', 'response_format'],
  ['a list', [], 'response_format'],
  ['json_schema without its object', { type: 'json_schema' }, 'response_format.json_schema.schema'],
  ['json_schema that is null', { type: 'json_schema', json_schema: null }, 'response_format.json_schema.schema'],
  ['json_schema that is a number', { type: 'json_schema', json_schema: 5 }, 'response_format.json_schema'],
  [
    'json_schema without a schema',
    { type: 'json_schema', json_schema: { name: 'n' } },
    'response_format.json_schema.schema',
  ],
  ['a schema that is null', asSchema(null), 'response_format.json_schema.schema'],
  ['a schema that is a list', asSchema([]), 'response_format.json_schema.schema'],
  ['a schema that is true', asSchema(true), 'response_format.json_schema.schema'],
])('[CC11] [CC18] a format that is %s is refused by name', (_, format, param) => {
  expect(() => schemaOf(format)).toThrow(refused(param))
})

test('[CC18] a refusal says what there is', () => {
  expect(() => schemaOf({ type: 'xml' })).toThrow(
    refused('response_format.type', 'text, json_object or json_schema is expected'),
  )
  expect(() => schemaOf({ type: 'json_schema' })).toThrow(
    refused('response_format.json_schema.schema', 'a JSON Schema object is expected'),
  )
})

test.each([
  ['a top that is no object', { type: 'array' }, 'type'],
  ['a top of several types', { type: ['object', 'null'] }, 'type'],
  ['an unknown type', { type: 'object', properties: { a: { type: 'text' } } }, 'properties.a.type'],
  ['a number of the wrong form', { properties: { a: { minLength: -1 } } }, 'properties.a.minLength'],
  ['a part that is no schema', { properties: { a: 5 } }, 'properties.a'],
  [
    'one of several that is malformed',
    { properties: { a: { anyOf: [{}, { enum: [] }] } } },
    'properties.a.anyOf[1].enum',
  ],
  ['a reference to another document', { properties: { a: { $ref: 'https://a/b' } } }, 'properties.a.$ref'],
  ['a reference to what is not there', { properties: { a: { $ref: '#/$defs/a' } } }, 'properties.a.$ref'],
  ['a pattern that is none', { properties: { a: { pattern: '(' } } }, 'properties.a.pattern'],
  ['what must be there and cannot', { properties: { a: false }, required: ['a'] }, 'properties.a'],
])('[CC18] a schema with %s is refused by the name of its part', (_, schema, at) => {
  expect(() => schemaOf(asSchema(schema))).toThrow(refused(`response_format.json_schema.schema.${at}`))
})

test('[CC11] a stop text beside a format that asks for JSON is named as ignored', () => {
  expect(parse({ type: 'json_object' }, { stop: ['a'] }).ignored).toEqual(['stop'])
  expect(parse(asSchema({}), { stop: 'a', seed: 1 }).ignored).toEqual(['seed', 'stop'])
  expect(parse({ type: 'json_object' }, { stop: [] }).ignored).toEqual([])
  expect(parse({ type: 'text' }, { stop: 'a' }).ignored).toEqual([])
})
