import { expect, test } from 'vitest'
import type { Message, MessagesRequest } from './messages-request.ts'
import { readAsked } from './prompt.ts'
import { readDirections } from './stage-directions.ts'
import { chooseCalls } from './tool-calls.ts'

const weather = {
  name: 'mcp__a__get_weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
}
const clock = { name: 'clock', input_schema: { type: 'object' } }
const output = { name: 'StructuredOutput', input_schema: { type: 'object', properties: { ok: { type: 'boolean' } } } }

const called = (name: string): Message => ({
  role: 'assistant',
  content: [{ type: 'tool_use', id: 't1', name, input: {} }],
})
const answered = (isError = false): Message => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: 't1', content: 'x', is_error: isError }],
})

function choose(prompt: string, rest: Partial<MessagesRequest>, since: readonly Message[] = []): unknown {
  const messages: Message[] = [{ role: 'user', content: prompt }, ...since]
  const directions = readDirections(prompt)
  if (!directions.ok) throw new Error(directions.problem)
  const chosen = chooseCalls({
    request: { model: 'm', messages, ...rest },
    asked: readAsked(messages),
    directed: directions.script.calls,
    text: directions.text,
  })
  return chosen.ok ? chosen.calls.map(({ name, input }) => `${name} ${input}`) : chosen.problem
}

test('no tool is called without need', () => {
  expect(choose('hello', { tools: [weather, clock] })).toEqual([])
})

test('directed tools are called by their whole name or that behind the server, with the input as it is written', () => {
  const tools = [weather, clock]
  expect(choose('x [rehearse call=get_weather input={"city":  "Sofia"} call=clock]', { tools })).toEqual([
    'mcp__a__get_weather {"city":  "Sofia"}',
    'clock {}',
  ])
  expect(choose('x [rehearse call=mcp__a__get_weather]', { tools })).toEqual(['mcp__a__get_weather {"city":"x"}'])
  expect(choose('x [rehearse call=weather]', { tools })).toBe('The tool weather is not offered in this request.')
  expect(choose('x [rehearse call=clock]', { tools, tool_choice: { type: 'none' } })).toContain('not offered')
})

test('a directed tool is called once for its prompt, and the next one after it', () => {
  const prompt = 'x [rehearse call=clock then-call=get_weather]'
  const tools = [weather, clock]
  expect(choose(prompt, { tools })).toEqual(['clock {}'])
  expect(choose(prompt, { tools }, [called('clock'), answered()])).toEqual(['mcp__a__get_weather {"city":"x"}'])
  expect(choose(prompt, { tools }, [called('clock'), answered(), called('w'), answered()])).toEqual([])
})

test('where calls in parallel are not wanted, they come one a round', () => {
  const rest = { tools: [weather, clock], tool_choice: { type: 'auto', disable_parallel_tool_use: true } }
  expect(choose('x [rehearse call=clock call=get_weather]', rest)).toEqual(['clock {}'])
  expect(choose('x [rehearse call=clock call=clock]', rest, [called('clock'), answered()])).toEqual(['clock {}'])
})

test('tool_choice forces a call: any takes the directed or the first tool, tool the named one', () => {
  const tools = [weather, clock]
  expect(choose('Варна', { tools, tool_choice: { type: 'any' } })).toEqual(['mcp__a__get_weather {"city":"Варна"}'])
  expect(choose('x [rehearse call=clock]', { tools, tool_choice: { type: 'any' } })).toEqual(['clock {}'])
  expect(choose('x', { tools, tool_choice: { type: 'tool', name: 'clock' } })).toEqual(['clock {}'])
  const named = { tools, tool_choice: { type: 'tool', name: 'mcp__a__get_weather' } }
  expect(choose('x [rehearse call=get_weather input={"city":"Русе"}]', named)).toEqual([
    'mcp__a__get_weather {"city":"Русе"}',
  ])
  expect(choose('x', { tools, tool_choice: { type: 'tool', name: 'gone' } })).toContain('gone is not offered')
})

test("the CLI's output tool is called after the directed ones, until it took an output", () => {
  const tools = [clock, output]
  expect(choose('x', { tools })).toEqual(['StructuredOutput {"ok":true}'])
  expect(choose('x [rehearse call=clock]', { tools })).toEqual(['clock {}'])
  expect(choose('x [rehearse call=clock]', { tools }, [called('clock'), answered()])).toEqual([
    'StructuredOutput {"ok":true}',
  ])
  expect(choose('x', { tools }, [called('StructuredOutput'), answered(true)])).toEqual(['StructuredOutput {"ok":true}'])
  expect(choose('x', { tools }, [called('StructuredOutput'), answered()])).toEqual([])
})

test('[RH1] a tool with a mark before its name is called as by a model that errs: not offered, with any input', () => {
  expect(choose('[rehearse call=!nope call=!clock input="{broken"]', { tools: [clock] })).toEqual([
    'nope {}',
    'clock {broken',
  ])
})
