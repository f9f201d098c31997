import { expect, test } from 'vitest'
import { TALKER } from '../../../test/support/open-warm-engine.ts'
import type { ClientFunction, ClientFunctions, FunctionChoice, TurnRequest } from '../../core/index.ts'
import { toWanted, type WantedTurn } from './wanted.ts'

const functionOf = (name: string, description = ''): ClientFunction => ({
  name,
  description,
  parameters: { $schema: 'x', type: 'object', properties: { city: { type: 'string' } } },
})
const WEATHER = functionOf('weather')
const CLOCK = functionOf('clock')
const SCHEMA = { $schema: 'https://json-schema.org/draft-07/schema', type: 'object', required: ['a'] }

const offering = (
  choice: FunctionChoice,
  offered: readonly ClientFunction[] = [WEATHER, CLOCK],
  parallel = true,
): ClientFunctions => ({
  offered,
  choice,
  parallel,
})
const wantedOf = (request: Partial<TurnRequest> = {}): WantedTurn =>
  toWanted(
    {
      tenant: 't',
      agent: TALKER,
      model: 'sonnet',
      history: [{ role: 'user', text: 'hello' }],
      limits: { turnMs: 1000 },
      ...request,
    },
    { persona: 'prepend' },
  )
const CALLED: TurnRequest['history'] = [
  { role: 'user', text: 'hello' },
  { role: 'assistant', text: '', calls: [{ id: 'c1', name: 'old', arguments: '{}' }] },
  { role: 'tool', callId: 'c1', text: 'r' },
  {
    role: 'assistant',
    text: '',
    calls: [
      { id: 'c2', name: 'old', arguments: '{}' },
      { id: 'c3', name: 'older', arguments: '{}' },
    ],
  },
]

test('[WP1] [WP7] a plain question wants its prompt, its model, no functions and nothing set but that it does not think', () => {
  expect(wantedOf()).toStrictEqual({
    wanted: {
      system: 'Persona.',
      turns: [],
      ask: { role: 'user', text: 'hello' },
      model: 'sonnet',
      settings: { maxOutputTokens: undefined, reasoning: 'none' },
      functions: [],
    },
  })
})

test('[WP7] [CC8] [CC12] [CC16] [CC19] what is asked for is set, and nothing besides', () => {
  const request = {
    maxOutputTokens: 9,
    reasoning: 'low',
    sampling: { temperature: 0.5 },
    stopTexts: ['END', 'STOP'],
  } as const
  expect(wantedOf(request).wanted.settings).toStrictEqual(request)
})

test('[CC12] blank stop texts are met by ourselves alone, since the model API takes none', () => {
  expect(wantedOf({ stopTexts: [' ', 'END', '\n\n'] }).wanted.settings.stopTexts).toEqual(['END'])
  expect(wantedOf({ stopTexts: ['\n'] }).wanted.settings).not.toHaveProperty('stopTexts')
})

test('[FN1] [FN6] functions are offered as they are, to be called as the model likes', () => {
  const { wanted, answerName } = wantedOf({ functions: offering('auto') })
  expect(wanted.functions).toStrictEqual([WEATHER, CLOCK])
  expect(wanted.settings).toStrictEqual({ maxOutputTokens: undefined, reasoning: 'none' })
  expect(answerName).toBeUndefined()
})

test.each<readonly [FunctionChoice, boolean]>([
  ['none', true],
  ['required', true],
  [{ name: 'clock' }, true],
  ['auto', false],
  ['required', false],
])('[FN6] a choice of %j, several at once: %j, is set as it is', (of, parallel) => {
  expect(wantedOf({ functions: offering(of, undefined, parallel) }).wanted.settings.choice).toEqual({ of, parallel })
})

test('[FN6] whoever must call does not think, whatever was asked for; whoever may call does', () => {
  const thinking = (choice: FunctionChoice) =>
    wantedOf({ reasoning: 'high', functions: offering(choice) }).wanted.settings.reasoning
  expect([thinking('required'), thinking({ name: 'clock' })]).toEqual(['none', 'none'])
  expect([thinking('auto'), thinking('none')]).toEqual(['high', 'high'])
  expect(wantedOf({ reasoning: 'high', outputSchema: SCHEMA }).wanted.settings.reasoning).toBe('none')
})

test('[FN7] functions that a history has calls of stay known where nothing is offered, and cannot be called', () => {
  const { wanted } = wantedOf({ history: CALLED })
  expect(wanted.functions).toEqual([
    { name: 'old', description: '', parameters: { type: 'object' } },
    { name: 'older', description: '', parameters: { type: 'object' } },
  ])
  expect(wanted.settings.choice).toMatchObject({ of: 'none' })
})

test('[FN7] where something is offered nothing else is', () => {
  expect(wantedOf({ history: CALLED, functions: offering('auto') }).wanted.functions).toEqual([WEATHER, CLOCK])
})

test('[CC11] an answer to a schema is the call of a function that takes it, which must be called once', () => {
  const { wanted, answerName } = wantedOf({ outputSchema: SCHEMA })
  expect(answerName).toBe('answer')
  expect(wanted.functions).toStrictEqual([
    { name: 'answer', description: expect.stringMatching(/answer/), parameters: { type: 'object', required: ['a'] } },
  ])
})

test.each<readonly [string, Partial<TurnRequest>]>([
  ['no functions', {}],
  ['functions that are not to be called', { functions: offering('none') }],
  ['functions that were called in the history', { history: CALLED }],
])('[FN11] [CC11] where there are %s, the model can do nothing but answer to the schema', (_, request) => {
  const { wanted, answerName } = wantedOf({ ...request, outputSchema: SCHEMA })
  expect(wanted.settings.choice).toEqual({ of: { name: answerName }, parallel: false })
  expect(wanted.functions.at(-1)?.name).toBe(answerName)
})

test('[FN11] with functions beside, the model calls or answers, and calls as many at once as the client lets it', () => {
  const { wanted, answerName } = wantedOf({ functions: offering('auto'), outputSchema: SCHEMA })
  expect(wanted.functions.map(({ name }) => name)).toEqual(['weather', 'clock', answerName])
  expect(wanted.settings.choice).toEqual({ of: 'required', parallel: true })
  const single = wantedOf({ functions: offering('auto', undefined, false), outputSchema: SCHEMA })
  expect(single.wanted.settings.choice).toEqual({ of: 'required', parallel: false })
})

test.each<FunctionChoice>(['required', { name: 'clock' }])(
  '[FN11] where the model must call (%j) there is no answer',
  (choice) => {
    const { wanted, answerName } = wantedOf({ functions: offering(choice), outputSchema: SCHEMA })
    expect(answerName).toBeUndefined()
    expect(wanted.functions).toEqual([WEATHER, CLOCK])
    expect(wanted.settings.choice).toEqual({ of: choice, parallel: true })
  },
)

test('[FN11] the function that takes the answer has a name that the client does not use', () => {
  const offered = [functionOf('answer'), functionOf('answer_')]
  const { wanted, answerName } = wantedOf({ functions: offering('auto', offered), outputSchema: SCHEMA })
  expect(answerName).toBe('answer__')
  expect(new Set(wanted.functions.map(({ name }) => name)).size).toBe(3)
})

test('[CC11] stop texts have no effect on an answer to a schema; they do where the model must call', () => {
  const request = { outputSchema: SCHEMA, stopTexts: ['END'] }
  expect(wantedOf(request).wanted.settings).not.toHaveProperty('stopTexts')
  expect(wantedOf({ ...request, functions: offering('required') }).wanted.settings.stopTexts).toEqual(['END'])
})

test('[FN8] long descriptions stand in the system prompt after the caller’s text, and with the function as they are', () => {
  const long = functionOf('weather', 'я'.repeat(2001))
  const history: TurnRequest['history'] = [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'hello' },
  ]
  const { wanted } = wantedOf({ history, functions: offering('auto', [long, CLOCK]) })
  expect(wanted.system).toBe(`Persona.\n\nBe brief.\n\n# Functions\n\n## weather\n${long.description}`)
  expect(wanted.functions).toStrictEqual([long, CLOCK])
  const bare = toWanted(
    {
      tenant: 't',
      agent: { ...TALKER, prompt: '' },
      model: 'm',
      history: [{ role: 'user', text: 'a' }],
      limits: { turnMs: 1 },
      functions: offering('auto', [long]),
    },
    { persona: 'off' },
  )
  expect(bare.wanted.system.startsWith('# Functions')).toBe(true)
})

test('[FN6] [CC16] who goes on from calls does not think either, until something was answered', () => {
  const history = CALLED.slice(0, 3)
  const reasoningAfter = (...more: TurnRequest['history']) =>
    wantedOf({ reasoning: 'high', history: [...history, ...more], functions: offering('auto') }).wanted.settings
      .reasoning
  expect(reasoningAfter()).toBe('none')
  expect(reasoningAfter({ role: 'user', text: 'well?' })).toBe('none')
  expect(reasoningAfter({ role: 'assistant', text: 'Rain.' }, { role: 'user', text: 'and then?' })).toBe('high')
})
