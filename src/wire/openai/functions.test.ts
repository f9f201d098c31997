import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ClientFunctions } from '../../core/index.ts'
import { parseChatRequest } from './chat-request.ts'

const messages = [{ role: 'user', content: 'Здравей' }]
const functionsOf = (fields: object): ClientFunctions | undefined => parseChatRequest({ messages, ...fields }).functions

const refused = (param: string, message?: string): object =>
  expect.objectContaining({
    code: 'invalid_request',
    param,
    ...(message === undefined ? {} : { message: `\`${param}\`: ${message}.` }),
  })

const tool = (name: unknown, rest: object = {}): object => ({ type: 'function', function: { name, ...rest } })
const tools = [tool('weather'), tool('hang_up'), tool('look_up')]
const namesOf = (functions: ClientFunctions | undefined): unknown => functions?.offered.map(({ name }) => name)

test('[FN1] [R49] a function is offered as it is, its schema untouched', () => {
  const parameters = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $defs: { city: { type: 'string', format: 'Ж', 'x-unknown': [null] } },
    type: 'object',
    properties: { city: { $ref: '#/$defs/city' }, type: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
    strict: true,
    'x-unknown': { a: 1 },
  }
  const description = ' Времето.\n'
  expect(
    functionsOf({ tools: [{ ...tool('weather', { description, parameters, strict: true }), unknown: 1 }] }),
  ).toEqual({ offered: [{ name: 'weather', description, parameters }], choice: 'auto', parallel: true })
})

const anyPart = fc
  .record(
    {
      type: fc.constantFrom('string', 'integer'),
      title: fc.string(),
      'x-own': fc.jsonValue(),
      enum: fc.constant([null, 1]),
    },
    { requiredKeys: [] },
  )
  .map((part) => (part['x-own'] === null ? {} : part))

test('[FN1] [R49] whatever is in a schema, all of it is passed on', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), anyPart), fc.string(), (properties, value) => {
      const parameters: object = JSON.parse(
        JSON.stringify({ type: 'object', properties, description: value }),
      ) as object
      expect(functionsOf({ tools: [tool('f', { parameters })] })?.offered[0]?.parameters).toEqual(parameters)
    }),
  )
  const text = '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"b":1,"a":2}}}'
  const [offered] = functionsOf({ tools: [tool('f', { parameters: JSON.parse(text) as object })] })?.offered ?? []
  expect(JSON.stringify(offered?.parameters)).toBe(text)
})

test('[FN1] without parameters it is any object; without a type it is an object', () => {
  const anyObject = { type: 'object' }
  for (const rest of [{}, { parameters: null }, { parameters: {} }])
    expect(functionsOf({ tools: [tool('f', rest)] })?.offered).toEqual([
      { name: 'f', description: '', parameters: anyObject },
    ])
  const properties = { a: { type: 'string' } }
  expect(functionsOf({ tools: [tool('f', { parameters: { properties }, description: null, strict: null })] })).toEqual({
    offered: [{ name: 'f', description: '', parameters: { type: 'object', properties } }],
    choice: 'auto',
    parallel: true,
  })
})

test('[CC10] names of 1 to 64 letters, digits, underscores and dashes are taken, in the order they come', () => {
  const names = ['a', '-', '_', '9', 'Get_weather-2', 'x'.repeat(64), 'mcp__a__b', 'constructor']
  expect(namesOf(functionsOf({ tools: names.map((name) => tool(name)) }))).toEqual(names)
})

test.each(['', 'x'.repeat(65), 'a b', 'a.b', 'a/b', 'Ж', 'a\n', '\na', 'é', 5, null, undefined, ['a']])(
  '[CC10] the name %j is refused',
  (name) => {
    expect(() => functionsOf({ tools: [tool('a'), tool(name)] })).toThrow(refused('tools[1].function.name'))
  },
)

test('[CC10] a name that is used twice is refused where it comes again', () => {
  expect(() => functionsOf({ tools: [tool('a'), tool('b'), tool('a')] })).toThrow(
    refused('tools[2].function.name', 'the name `a` is used twice'),
  )
  expect(() => functionsOf({ tools: [tool('a'), tool('a')], tool_choice: 'none' })).toThrow(
    refused('tools[1].function.name', 'the name `a` is used twice'),
  )
  expect(namesOf(functionsOf({ tools: [tool('a'), tool('A')] }))).toEqual(['a', 'A'])
})

test.each([
  ['tools that are an object', {}, 'tools'],
  ['tools that are a text', 'auto', 'tools'],
  ['a tool that is null', [null], 'tools[0]'],
  ['a tool that is a text', [tool('a'), 'f'], 'tools[1]'],
  ['a tool without a type', [{ function: { name: 'f' } }], 'tools[0].type'],
  ['a custom tool in the flat form', [{ type: 'custom', name: 'f' }], 'tools[0].custom'],
  ['a custom tool without a name', [{ type: 'custom', custom: {} }], 'tools[0].custom.name'],
  [
    'a name that a custom tool uses again',
    [tool('a'), { type: 'custom', custom: { name: 'a' } }],
    'tools[1].custom.name',
  ],
  ['a tool of the other API', [{ type: 'web_search' }], 'tools[0].type'],
  ['a tool without its function', [{ type: 'function' }], 'tools[0].function'],
  ['a tool whose function is a text', [{ type: 'function', function: 'f' }], 'tools[0].function'],
  ['a tool in the flat form', [{ type: 'function', name: 'f' }], 'tools[0].function'],
  ['a description that is a number', [tool('f', { description: 5 })], 'tools[0].function.description'],
  ['strict that is a text', [tool('f', { strict: 'yes' })], 'tools[0].function.strict'],
  ['parameters that are a list', [tool('f', { parameters: [] })], 'tools[0].function.parameters'],
  ['parameters that are a text', [tool('f', { parameters: '{}' })], 'tools[0].function.parameters'],
  ['parameters that are true', [tool('f', { parameters: true })], 'tools[0].function.parameters'],
])('[CC10] %s is refused by name', (_, list, param) => {
  expect(() => functionsOf({ tools: list })).toThrow(refused(param))
})

test.each(['string', 'array', 'Object', ['object'], ['object', 'null'], null, 5])(
  '[CC10] parameters of the type %j describe no object and are refused',
  (type) => {
    expect(() => functionsOf({ tools: [tool('f', { parameters: { type } })] })).toThrow(
      refused('tools[0].function.parameters.type', '`object` is expected at the top of the parameters'),
    )
  },
)

test('[CC10] [R7] no tools are none, whatever is said of their choice that needs none', () => {
  for (const fields of [
    {},
    { tools: null },
    { tools: [] },
    { tools: [], tool_choice: null },
    { tools: [], tool_choice: 'auto' },
    { tool_choice: 'none' },
    { tools: null, parallel_tool_calls: false },
  ])
    expect(functionsOf(fields)).toBeUndefined()
})

test.each([undefined, null, []])('[CC10] a choice that needs tools is refused where they are %j', (none) => {
  const problem = refused('tool_choice', 'it asks for a call, but `tools` offers nothing')
  expect(() => functionsOf({ tools: none, tool_choice: 'required' })).toThrow(problem)
  expect(() => functionsOf({ tools: none, tool_choice: tool('f') })).toThrow(problem)
})

test('[FN6] [R6] [R7] the choice and whether calls may be parallel are what was asked for', () => {
  const askedFor = (fields: object): unknown => {
    const { choice, parallel } = functionsOf({ tools, ...fields }) ?? {}
    return [choice, parallel]
  }
  expect(askedFor({})).toEqual(['auto', true])
  expect(askedFor({ tool_choice: null, parallel_tool_calls: null })).toEqual(['auto', true])
  expect(askedFor({ tool_choice: 'auto', parallel_tool_calls: true })).toEqual(['auto', true])
  expect(askedFor({ tool_choice: 'none' })).toEqual(['none', true])
  expect(askedFor({ tool_choice: 'required', parallel_tool_calls: false })).toEqual(['required', false])
  expect(askedFor({ tool_choice: tool('hang_up') })).toEqual([{ name: 'hang_up' }, true])
})

test('[FN6] of allowed tools only those are offered, in the order of the tools', () => {
  const allowed = (mode: string, names: readonly string[]): object => ({
    type: 'allowed_tools',
    allowed_tools: { mode, tools: names.map((name) => tool(name)) },
  })
  const asked = (mode: string, names: readonly string[]): ClientFunctions | undefined =>
    functionsOf({ tools, tool_choice: allowed(mode, names) })
  expect(asked('auto', ['look_up', 'weather', 'look_up'])).toMatchObject({
    offered: [{ name: 'weather' }, { name: 'look_up' }],
    choice: 'auto',
  })
  expect(asked('required', ['hang_up'])).toMatchObject({ offered: [{ name: 'hang_up' }], choice: 'required' })
  expect(() => asked('auto', ['weather', 'other'])).toThrow(
    refused('tool_choice', 'it names a tool that `tools` does not offer'),
  )
  expect(() => functionsOf({ tool_choice: allowed('auto', ['weather']) })).toThrow(refused('tool_choice'))
})

test('[FN6] [FN7] where no tool is allowed none is offered, and none can be asked for', () => {
  const none = (mode: string): object => ({ type: 'allowed_tools', allowed_tools: { mode, tools: [] } })
  expect(functionsOf({ tools, tool_choice: none('auto') })).toBeUndefined()
  expect(() => functionsOf({ tools, tool_choice: none('required') })).toThrow(refused('tool_choice'))
})

test('[CC10] a named function must be offered, to the letter', () => {
  for (const name of ['other', 'Weather', ' weather', '', 'toString'])
    expect(() => functionsOf({ tools, tool_choice: tool(name) })).toThrow(
      refused('tool_choice', 'it names a tool that `tools` does not offer'),
    )
})

test.each([
  ['an unknown word', 'any', 'tool_choice'],
  ['a number', 1, 'tool_choice'],
  ['a list', [], 'tool_choice'],
  ['an object without a type', {}, 'tool_choice.type'],
  ['an unknown type', { type: 'any' }, 'tool_choice.type'],
  ['a custom tool without a name', { type: 'custom', custom: {} }, 'tool_choice.custom.name'],
  ['a function that is not named', { type: 'function' }, 'tool_choice.function'],
  ['a function without a name', { type: 'function', function: {} }, 'tool_choice.function.name'],
  ['a name that is a number', { type: 'function', function: { name: 5 } }, 'tool_choice.function.name'],
  ['allowed tools that are not there', { type: 'allowed_tools' }, 'tool_choice.allowed_tools'],
  [
    'an unknown mode',
    { type: 'allowed_tools', allowed_tools: { mode: 'none', tools: [tool('weather')] } },
    'tool_choice.allowed_tools.mode',
  ],
  [
    'allowed tools that are no list',
    { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: {} } },
    'tool_choice.allowed_tools.tools',
  ],
  [
    'an allowed tool without a name',
    { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: {} }] } },
    'tool_choice.allowed_tools.tools[0].function.name',
  ],
])('[CC4] [CC10] a choice that is %s is refused by name', (_, tool_choice, param) => {
  expect(() => functionsOf({ tools, tool_choice })).toThrow(refused(param))
})

test('[CC4] parallel_tool_calls of the wrong type is refused by name', () => {
  expect(() => functionsOf({ tools, parallel_tool_calls: 'no' })).toThrow(refused('parallel_tool_calls'))
})

test('[CC10] the old form of tools is refused, unless it is empty or switched off', () => {
  const problem = refused('functions', 'offer them as `tools`, whose answers are `tool_calls`')
  const functions = [{ name: 'f', parameters: {} }]
  expect(() => functionsOf({ functions })).toThrow(problem)
  expect(() => functionsOf({ functions, tools })).toThrow(problem)
  expect(() => functionsOf({ functions, function_call: 'auto' })).toThrow(problem)
  expect(() => functionsOf({ functions, function_call: { name: 'f' } })).toThrow(problem)
  for (const fields of [{ functions: null }, { functions: [] }, { functions, function_call: 'none' }])
    expect(functionsOf(fields)).toBeUndefined()
  expect(() => functionsOf({ functions: {} })).toThrow(refused('functions'))
})

const custom = (name: string, rest: object = {}): object => ({ type: 'custom', custom: { name, ...rest } })

test.each([{}, { format: null }, { format: { type: 'text' } }])(
  '[FN15] a custom tool is offered as a function with one text: %j',
  (rest) => {
    expect(functionsOf({ tools: [custom('code', { description: 'Runs it.', ...rest }), tool('f')] })?.offered).toEqual([
      {
        name: 'code',
        description: 'Runs it.',
        custom: true,
        parameters: {
          type: 'object',
          properties: { input: { type: 'string', description: 'The input of the tool: any text.' } },
          required: ['input'],
          additionalProperties: false,
        },
      },
      expect.objectContaining({ name: 'f' }),
    ])
  },
)

test('[FN18] a grammar is refused by name', () => {
  const format = { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "a"' } }
  expect(() => functionsOf({ tools: [custom('code', { format })] })).toThrow(
    refused('tools[0].custom.format.type', 'only the format `text` is possible; describe a grammar in `description`'),
  )
})

test('[FN15] a custom tool can be chosen, and be among those allowed', () => {
  const tools = [custom('code'), tool('f')]
  expect(functionsOf({ tools, tool_choice: custom('code') })?.choice).toEqual({ name: 'code' })
  const allowed_tools = { mode: 'required', tools: [custom('code')] }
  const allowed = functionsOf({ tools, tool_choice: { type: 'allowed_tools', allowed_tools } })
  expect([namesOf(allowed), allowed?.choice]).toEqual([['code'], 'required'])
})
