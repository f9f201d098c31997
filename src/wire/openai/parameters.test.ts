import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ignoredOf, reasoningOf, samplingOf } from './parameters.ts'

test.each([
  ['seed', [0, 7]],
  ['frequency_penalty', [0.5, -2]],
  ['presence_penalty', [0.5, -2]],
  ['service_tier', ['flex', 'priority', 'scale']],
  ['logprobs', [true]],
  ['top_logprobs', [5]],
  ['logit_bias', [{ 50_256: -100 }]],
  ['store', [true]],
  ['metadata', [{ a: '1' }, { conversation: 'c', a: '1' }]],
  ['user', ['someone']],
  ['reasoning_effort', ['xhigh', 5]],
  ['verbosity', ['low', 'high']],
  ['prediction', [{ type: 'content', content: 'a' }]],
  ['modalities', [['audio'], ['text', 'audio'], 'text']],
  ['audio', [{ voice: 'alloy', format: 'wav' }]],
  ['web_search_options', [{}]],
])('[CC7] [R3] %s is accepted and named as ignored', (name, values) => {
  for (const value of values) expect(ignoredOf({ [name]: value })).toEqual([name])
})

test.each([
  ['frequency_penalty', [0]],
  ['presence_penalty', [0]],
  ['service_tier', ['auto', 'default']],
  ['logprobs', [false]],
  ['store', [false]],
  ['metadata', [{}, { conversation: 'c' }]],
  ['reasoning_effort', ['none', 'minimal', 'low', 'medium', 'high']],
  ['modalities', [['text'], []]],
  ['parallel_tool_calls', [true, false]],
  ['a_field_of_tomorrow', [1]],
])('[CC7] %s that asks for nothing is not named', (name, values) => {
  for (const value of values) expect(ignoredOf({ [name]: value })).toEqual([])
})

test('[CC7] what is null or absent is not named, and several are each named once', () => {
  expect(ignoredOf({})).toEqual([])
  expect(ignoredOf({ seed: null, user: undefined, modalities: null, metadata: null })).toEqual([])
  expect(ignoredOf({ user: 'u', verbosity: 'low', seed: 7, frequency_penalty: 1 }).toSorted()).toEqual([
    'frequency_penalty',
    'seed',
    'user',
    'verbosity',
  ])
})

test.each([
  ['none', 'none'],
  ['minimal', 'none'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
])('[CC16] the effort %j is %j', (value, reasoning) => {
  expect(reasoningOf(value)).toBe(reasoning)
})

test.each([undefined, null, 'xhigh', 'High', ' low', '', 'toString', '__proto__', 0, true, ['low']])(
  '[CC16] the effort %j is not known and asks for nothing',
  (value) => {
    expect(reasoningOf(value)).toBeUndefined()
  },
)

test.each([
  // What was asked, what reaches the model API, what is ignored.
  [{}, undefined, []],
  [{ temperature: null, top_p: null }, undefined, []],
  [{ temperature: 0 }, { temperature: 0 }, []],
  [{ temperature: 0.99 }, { temperature: 0.99 }, []],
  [{ temperature: 1 }, undefined, []],
  [{ temperature: 1.01 }, undefined, ['temperature']],
  [{ temperature: 2 }, undefined, ['temperature']],
  [{ top_p: 0 }, { topP: 0 }, []],
  [{ top_p: 0.9 }, { topP: 0.9 }, []],
  [{ top_p: 1 }, undefined, []],
  [{ temperature: 0.5, top_p: 0.9 }, { temperature: 0.5 }, ['top_p']],
  [{ temperature: 0.5, top_p: 1 }, { temperature: 0.5 }, []],
  [{ temperature: 1, top_p: 0.9 }, { topP: 0.9 }, []],
  [{ temperature: 1.5, top_p: 0.9 }, { topP: 0.9 }, ['temperature']],
  [{ temperature: 1.5, top_p: 1 }, undefined, ['temperature']],
])('[CC19] [R3] of %j reaches the model API %j, and ignored is %j', (asked, sampling, ignored) => {
  for (const reasoning of [undefined, 'none'] as const)
    expect(samplingOf(asked, reasoning)).toEqual({ sampling, ignored })
})

test('[CC19] nothing of it reaches a model that thinks, and what asks for something is named', () => {
  for (const reasoning of ['low', 'medium', 'high'] as const) {
    expect(samplingOf({ temperature: 0.5, top_p: 0.9 }, reasoning)).toEqual({
      sampling: undefined,
      ignored: ['temperature', 'top_p'],
    })
    expect(samplingOf({ temperature: 1.5 }, reasoning)).toEqual({ sampling: undefined, ignored: ['temperature'] })
    expect(samplingOf({ temperature: 1, top_p: 1 }, reasoning)).toEqual({ sampling: undefined, ignored: [] })
    expect(samplingOf({}, reasoning)).toEqual({ sampling: undefined, ignored: [] })
  }
})

test('[CC19] what asks for something either reaches the model API or is named, and never both', () => {
  const upTo = (max: number) => fc.option(fc.double({ min: 0, max, noNaN: true }))
  const reasoning = fc.constantFrom(undefined, 'none', 'low', 'high')
  fc.assert(
    fc.property(upTo(2), upTo(1), reasoning, (temperature, topP, effort) => {
      const { sampling, ignored } = samplingOf({ temperature, top_p: topP }, effort)
      const asked = (value: number | null): boolean => value !== null && value !== 1
      expect((sampling?.temperature !== undefined) !== ignored.includes('temperature')).toBe(asked(temperature))
      expect((sampling?.topP !== undefined) !== ignored.includes('top_p')).toBe(asked(topP))
      expect(Object.keys(sampling ?? {}).length).toBeLessThanOrEqual(1)
    }),
  )
})
