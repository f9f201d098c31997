import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ClientFunction } from '../../core/index.ts'
import { answerServer, describeFunctions, missingFrom, serverName } from './tool-server.ts'

const MOST = 2000

const functionOf = (
  description: string,
  parameters: ClientFunction['parameters'] = { type: 'object' },
): ClientFunction => ({
  name: 'weather',
  description,
  parameters,
})

interface Tool {
  readonly name: string
  readonly description: string
  readonly inputSchema: unknown
}
const list = (...functions: readonly ClientFunction[]): readonly Tool[] => {
  const answer = answerServer({ id: 1, method: 'tools/list', protocolVersion: '' }, functions)
  return (answer as { readonly result: { readonly tools: readonly Tool[] } }).result.tools
}

test('[FN1] functions are listed as they are, in their order, so that several are called at once', () => {
  const clock: ClientFunction = { name: 'clock', description: '', parameters: { type: 'object', properties: {} } }
  expect(list(functionOf('Tells the weather.'), clock)).toStrictEqual([
    {
      name: 'weather',
      description: 'Tells the weather.',
      inputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    },
    {
      name: 'clock',
      description: '',
      inputSchema: { type: 'object', properties: {} },
      annotations: { readOnlyHint: true },
    },
  ])
  expect(list()).toEqual([])
})

test('[FN1] the JSON Schema of the parameters is the client’s, byte for byte', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$schema', '$ref', 'type')), fc.jsonValue()),
      (schema) => {
        const parameters = JSON.parse(JSON.stringify({ type: 'object', ...schema })) as ClientFunction['parameters']
        expect(JSON.stringify(list(functionOf('', parameters))[0]?.inputSchema)).toBe(JSON.stringify(parameters))
      },
    ),
  )
  const odd = '{"$schema":"https://json-schema.org/draft-07/schema","b":{"__proto__":{"type":"string"}},"a":0.1}'
  const parameters = JSON.parse(odd) as ClientFunction['parameters']
  expect(JSON.stringify(list(functionOf('', parameters))[0]?.inputSchema)).toBe(odd)
})

test('[FN8] a description that the CLI lets pass is whole, and nothing of it is in the system prompt', () => {
  const description = `${'я'.repeat(MOST - 2)}🙂`
  expect(list(functionOf(description))[0]?.description).toBe(description)
  expect(describeFunctions([functionOf(description), functionOf('')])).toBe('')
  expect(describeFunctions([])).toBe('')
})

test('[FN8] of a longer one the beginning is with the function, with a word of where it goes on', () => {
  const description = 'я'.repeat(MOST + 1)
  const [tool] = list(functionOf(description))
  expect(tool?.description).toMatch(/^я{1900,}… \(The whole description is in the system prompt\.\)$/)
  expect(tool?.description).toHaveLength(MOST)
})

test('[FN8] longer ones are whole in the system prompt, each under its function’s name', () => {
  const one = { ...functionOf('a'.repeat(MOST + 1)), name: 'one' }
  const two = { ...functionOf('b\n'.repeat(MOST)), name: 'two' }
  expect(describeFunctions([functionOf('short'), one, two])).toBe(
    `# Functions\n\n## one\n${one.description}\n\n## two\n${two.description}`,
  )
})

test('[FN8] wherever a description is cut, no character is, and it is as long as can be', () => {
  const anyLong = fc
    .tuple(fc.nat(3), fc.array(fc.constantFrom('a', '🙂', 'я', '👩‍👩‍👧'), { minLength: 1, maxLength: 12 }))
    .map(([shift, units]) => `${'.'.repeat(shift)}${units.join('').repeat(MOST)}`)
  fc.assert(
    fc.property(anyLong, (description) => {
      const shown = list(functionOf(description))[0]?.description ?? ''
      expect(shown.isWellFormed()).toBe(true)
      expect(shown.length).toBeLessThanOrEqual(MOST)
      expect(shown.length).toBeGreaterThanOrEqual(MOST - 1)
      expect(description.startsWith(shown.slice(0, shown.lastIndexOf('…')))).toBe(true)
    }),
  )
})

test('the server says who it is, in the version of the protocol that it is spoken to in', () => {
  expect(answerServer({ id: 'x', method: 'initialize', protocolVersion: '2025-06-18' }, [])).toStrictEqual({
    jsonrpc: '2.0',
    id: 'x',
    result: {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'client', version: '1' },
    },
  })
})

test('[FN3] a call to the server does nothing, and is answered at once', () => {
  expect(answerServer({ id: 7, method: 'tools/call', protocolVersion: '' }, [functionOf('')])).toStrictEqual({
    jsonrpc: '2.0',
    id: 7,
    result: { content: [{ type: 'text', text: 'The client was asked.' }] },
  })
})

test.each([
  [null, 'notifications/initialized', 0],
  [3, 'ping', 3],
  [0, 'resources/list', 0],
] as const)('what is told under the id %j by %s is answered with nothing', (id, method, answered) => {
  expect(answerServer({ id, method, protocolVersion: '' }, [functionOf('')])).toStrictEqual({
    jsonrpc: '2.0',
    id: answered,
    result: {},
  })
})

test.each(['anyOf', 'oneOf', 'allOf'])(
  '[FN1] a choice of forms at the top (%s) is whole in the system prompt',
  (keyword) => {
    const parameters = { type: 'object', [keyword]: [{ required: ['a'] }, { required: ['b'] }] }
    const told = `Its parameters: ${JSON.stringify(parameters)}`
    expect(describeFunctions([functionOf('short', parameters), functionOf('')])).toBe(
      `# Functions\n\n## weather\n${told}`,
    )
    const long = 'a'.repeat(MOST + 1)
    expect(describeFunctions([functionOf(long, parameters)])).toBe(`# Functions\n\n## weather\n${long}\n${told}`)
  },
)

test('[FN7] a list of functions has a server of its own, the same each time, and another list another', () => {
  const lists = [
    [],
    [functionOf('')],
    [functionOf('a')],
    [functionOf('', {})],
    [functionOf(''), { ...functionOf(''), name: 'clock' }],
    [{ ...functionOf(''), name: 'clock' }, functionOf('')],
  ]
  const names = lists.map((functions) => serverName(functions))
  for (const name of names) expect(name).toMatch(/^[\da-f]{12}$/)
  expect(new Set(names).size).toBe(lists.length)
  expect(lists.map((functions) => serverName(structuredClone(functions)))).toEqual(names)
})

test('[FN1] functions that the CLI left out are those that it has no tool of, whatever their server is named', () => {
  const [weather, clock] = [functionOf(''), { ...functionOf(''), name: 'clock' }]
  expect(missingFrom(['mcp__0123456789ab__clock', 'mcp__0123456789ab__weather'], [weather, clock])).toEqual([])
  expect(missingFrom(['Bash', 'mcp__0123456789ab__clock'], [weather, clock])).toEqual([weather])
  expect(missingFrom([], [weather, clock])).toEqual([weather, clock])
})
