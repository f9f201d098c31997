import { expect, test } from 'vitest'
import { createSchemaCheck, findSchemaFault } from './index.ts'

/** Schemas in the form in which clients make them, each with values that satisfy it and values that do not. */
const SCHEMAS: readonly (readonly [string, object, readonly unknown[], readonly unknown[]])[] = [
  [
    'zodResponseFormat with zod 3',
    {
      type: 'object',
      properties: {
        steps: {
          type: 'array',
          items: {
            type: 'object',
            properties: { explanation: { type: 'string' }, output: { type: 'string', nullable: true } },
            required: ['explanation', 'output'],
            additionalProperties: false,
          },
        },
        next: { anyOf: [{ $ref: '#/definitions/math' }, { type: 'null' }] },
        rate: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
      },
      required: ['steps', 'next', 'rate'],
      additionalProperties: false,
      definitions: { math: { type: 'object', properties: {}, required: [], additionalProperties: false } },
      $schema: 'http://json-schema.org/draft-07/schema#',
    },
    [
      { steps: [{ explanation: 'a', output: null }], next: null, rate: 0.5 },
      { steps: [], next: {}, rate: 1 },
    ],
    [{ steps: [], next: {}, rate: 0 }, { steps: [{ explanation: null, output: 'b' }], next: null, rate: 1 }, {}],
  ],
  [
    'zodResponseFormat with zod 4',
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        id: { type: 'string', format: 'uuid', pattern: '^([0-9a-fA-F]{8}-[0-9a-fA-F-]{27})$' },
        count: { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
        kind: { type: 'string', const: 'event' },
        when: { type: 'string', format: 'date-time' },
        pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] },
        node: { $ref: '#/$defs/__schema0' },
        note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      },
      required: ['id', 'count', 'kind', 'when', 'pair', 'node', 'note'],
      additionalProperties: false,
      $defs: {
        __schema0: {
          type: 'object',
          properties: {
            value: { type: 'string' },
            children: { type: 'array', items: { $ref: '#/$defs/__schema0' } },
          },
          required: ['value', 'children'],
          additionalProperties: false,
        },
      },
    },
    [
      {
        id: '00000000-0000-4000-8000-000000000000',
        count: 1,
        kind: 'event',
        when: '2025-01-01T12:00:00Z',
        pair: ['a', 1],
        node: { value: 'a', children: [{ value: 'b', children: [] }] },
        note: null,
      },
    ],
    [{ id: '00000000-0000-4000-8000-000000000000', count: 1 }],
  ],
  [
    'to_strict_json_schema of openai-python with pydantic 2',
    {
      $defs: {
        Column: { enum: ['id', 'status', 'date'], title: 'Column', type: 'string' },
        Condition: {
          properties: {
            column: {
              description: 'what is compared',
              enum: ['id', 'status', 'date'],
              title: 'Column',
              type: 'string',
            },
            value: { anyOf: [{ type: 'string' }, { type: 'integer' }, { $ref: '#/$defs/Dynamic' }], title: 'Value' },
          },
          required: ['column', 'value'],
          title: 'Condition',
          type: 'object',
          additionalProperties: false,
        },
        Dynamic: {
          properties: { column_name: { title: 'Column Name', type: 'string' } },
          required: ['column_name'],
          title: 'Dynamic',
          type: 'object',
          additionalProperties: false,
        },
      },
      properties: {
        name: { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'Name' },
        columns: { items: { $ref: '#/$defs/Column' }, title: 'Columns', type: 'array' },
        conditions: { items: { $ref: '#/$defs/Condition' }, title: 'Conditions', type: 'array' },
      },
      required: ['name', 'columns', 'conditions'],
      title: 'Query',
      type: 'object',
      additionalProperties: false,
    },
    [{ name: null, columns: ['id'], conditions: [{ column: 'id', value: { column_name: 'date' } }] }],
    [
      { name: 'a', columns: ['other'], conditions: [] },
      { name: 'a', columns: [], conditions: [{ column: 'id' }] },
    ],
  ],
  [
    'a recursive pydantic model, which refers at the top',
    {
      $defs: {
        Node: {
          properties: {
            value: { default: 0, title: 'Value', type: 'number' },
            next: { anyOf: [{ $ref: '#/$defs/Node' }, { type: 'null' }], default: null },
          },
          title: 'Node',
          type: 'object',
        },
      },
      $ref: '#/$defs/Node',
    },
    [{}, { value: 1, next: { next: null } }],
    [{ next: { next: 5 } }, []],
  ],
  [
    'a pydantic union with a discriminator',
    {
      $defs: {
        Cat: {
          properties: { kind: { const: 'cat', type: 'string' }, lives: { type: 'integer' } },
          required: ['kind', 'lives'],
          type: 'object',
        },
        Dog: {
          properties: {
            kind: { const: 'dog', type: 'string' },
            name: { type: 'string', pattern: '^[A-Z][\\w\\-\\. ]*$' },
          },
          required: ['kind', 'name'],
          type: 'object',
        },
      },
      properties: {
        pet: {
          discriminator: { mapping: { cat: '#/$defs/Cat', dog: '#/$defs/Dog' }, propertyName: 'kind' },
          oneOf: [{ $ref: '#/$defs/Cat' }, { $ref: '#/$defs/Dog' }],
        },
        extra: { additionalProperties: { type: 'integer' }, type: 'object' },
        pair: { maxItems: 2, minItems: 2, prefixItems: [{ type: 'string' }, { type: 'integer' }], type: 'array' },
      },
      required: ['pet'],
      type: 'object',
    },
    [{ pet: { kind: 'dog', name: 'Re-x. y' }, extra: { a: 1 }, pair: ['a', 1] }, { pet: { kind: 'cat', lives: 9 } }],
    [{ pet: { kind: 'dog', name: 'rex' } }, { pet: { kind: 'cat' } }, { pet: { kind: 'cat', lives: 9 }, pair: ['a'] }],
  ],
  [
    'the AI SDK with zod 3',
    {
      type: 'object',
      properties: {
        recipe: {
          type: 'object',
          properties: {
            name: { type: 'string', minLength: 1, description: 'its name' },
            site: { type: 'string', format: 'uri' },
            size: { type: 'array', minItems: 2, maxItems: 2, items: [{ type: 'number' }, { type: 'number' }] },
            more: {
              type: 'object',
              additionalProperties: { type: ['string', 'null'] },
              propertyNames: { minLength: 2 },
            },
          },
          required: ['name'],
          additionalProperties: false,
        },
        again: { $ref: '#/properties/recipe' },
      },
      required: ['recipe'],
      additionalProperties: false,
      $schema: 'http://json-schema.org/draft-07/schema#',
    },
    [{ recipe: { name: 'a', site: 'https://example.com/x', size: [1, 2], more: { ab: null } }, again: { name: 'b' } }],
    [{ recipe: { name: '' } }, { recipe: { name: 'a', size: [1, 'a'] } }, { recipe: { name: 'a', more: { a: 'x' } } }],
  ],
  [
    'LangChain from a pydantic 1 model, `definitions` without `$schema`',
    {
      title: 'Joke',
      description: 'A joke to tell.',
      type: 'object',
      properties: {
        setup: { title: 'Setup', description: 'the question', type: 'string' },
        tone: { title: 'Tone', default: 'dry', allOf: [{ $ref: '#/definitions/Tone' }] },
        rating: { title: 'Rating', minimum: 1, exclusiveMaximum: 11, type: 'integer' },
        tags: { title: 'Tags', type: 'array', items: { type: 'string' }, uniqueItems: true, default: [] },
      },
      required: ['setup'],
      definitions: { Tone: { title: 'Tone', description: 'An enumeration.', enum: ['dry', 'warm'], type: 'string' } },
    },
    [{ setup: 'a', tone: 'warm', rating: 10, tags: ['a', 'b'] }, { setup: 'a' }],
    [
      { setup: 'a', tone: 'cold' },
      { setup: 'a', rating: 11 },
      { setup: 'a', tags: ['a', 'a'] },
    ],
  ],
  [
    'OpenAPI 3.0, as other languages write it',
    {
      type: 'object',
      properties: {
        age: {
          type: 'integer',
          minimum: 0,
          exclusiveMinimum: true,
          maximum: 9,
          exclusiveMaximum: false,
          format: 'int32',
        },
        pet: { allOf: [{ $ref: '#/components/schemas/Pet' }], nullable: true },
      },
      required: ['age', 'pet'],
      components: { schemas: { Pet: { type: 'object', properties: { id: { type: 'string', example: 'a' } } } } },
      'x-order': ['age', 'pet'],
      id: 'not an address',
    },
    [
      { age: 9, pet: null },
      { age: 1, pet: { id: 'a' } },
    ],
    [
      { age: 0, pet: null },
      { age: 10, pet: null },
      { age: 1, pet: { id: 1 } },
    ],
  ],
]

test.each(SCHEMAS)('[CC11] a schema of %s is accepted and decides', (_, schema, valid, invalid) => {
  expect(findSchemaFault(schema)).toBeUndefined()
  const check = createSchemaCheck(schema)
  expect(valid.map(check)).toEqual(valid.map(() => undefined))
  expect(invalid.map(check)).toEqual(invalid.map(() => expect.stringMatching(/^\$/)))
})
