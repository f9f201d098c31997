import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Agent } from './agent.ts'
import { chooseModel, modelIds, type Catalogue } from './model.ts'

const agentNamed = (name: string, rest: Partial<Agent> = {}): Agent => ({
  name,
  description: 'd',
  prompt: 'p',
  tools: [],
  ...rest,
})
const talker = agentNamed('conversational')
const doer = agentNamed('recruiter-triage', { tools: ['Read'] })

const catalogueWith = (aliases: string, rest: Partial<Catalogue> = {}): Catalogue => ({
  models: ['haiku', 'sonnet', 'opus'],
  defaultModel: 'sonnet',
  aliases: aliases
    .split(',')
    .filter((alias) => alias !== '')
    .map((alias) => {
      const [pattern = '', target = ''] = alias.split('=')
      return { pattern, target }
    }),
  agents: [talker, doer],
  ...rest,
})

/** `agent model id`, or undefined. */
const chosen = (catalogue: Catalogue, name: string | undefined, by = talker): string | undefined => {
  const choice = chooseModel(catalogue, name, by)
  return choice === undefined ? undefined : `${choice.agent.name} ${choice.model} ${choice.id}`
}

test('[CC1] a plain model goes to the default agent and answers by its own name', () => {
  expect(chosen(catalogueWith(''), 'haiku')).toBe('conversational haiku haiku')
  expect(chosen(catalogueWith(''), 'haiku', doer)).toBe('recruiter-triage haiku haiku')
})

test('[CC1] agent/model picks the agent, whatever the default is', () => {
  expect(chosen(catalogueWith(''), 'recruiter-triage/opus')).toBe('recruiter-triage opus recruiter-triage/opus')
  expect(chosen(catalogueWith(''), 'conversational/opus', doer)).toBe('conversational opus conversational/opus')
})

test.each([
  'gpt-5',
  'haiku ',
  ' haiku',
  '',
  '/',
  'haiku/',
  '/haiku',
  'nobody/haiku',
  'conversational/',
  'conversational',
  'conversational/gpt-5',
  'conversational/haiku/opus',
  'recruiter-triage/conversational/haiku',
  'toString',
  '__proto__/haiku',
  'хайку',
])('[CC2] %j is not on offer', (name) => {
  expect(chosen(catalogueWith('gpt-4.1=sonnet'), name)).toBeUndefined()
})

test('[CC3] no model takes the agent’s own, else the default', () => {
  expect(chosen(catalogueWith(''), undefined)).toBe('conversational sonnet sonnet')
  const own = agentNamed('own', { model: 'opus' })
  expect(chosen(catalogueWith('', { agents: [own] }), undefined, own)).toBe('own opus opus')
  expect(chosen(catalogueWith('', { agents: [own] }), 'haiku', own)).toBe('own haiku haiku')
})

test('[CC3] an alias leads to a model, and the answer carries what it stands for', () => {
  expect(chosen(catalogueWith('gpt-4.1=sonnet'), 'gpt-4.1')).toBe('conversational sonnet sonnet')
  expect(chosen(catalogueWith('gpt-4.1=sonnet'), 'gpt-4.1', doer)).toBe('recruiter-triage sonnet sonnet')
})

test('[CC3] an alias may lead to an agent, and may stand behind one', () => {
  const catalogue = catalogueWith('research=recruiter-triage/opus,gpt-4.1=haiku')
  expect(chosen(catalogue, 'research')).toBe('recruiter-triage opus recruiter-triage/opus')
  expect(chosen(catalogue, 'recruiter-triage/gpt-4.1')).toBe('recruiter-triage haiku recruiter-triage/haiku')
  expect(chosen(catalogue, 'conversational/research')).toBeUndefined()
})

test('[CC3] the first alias that fits counts, and a model on offer goes before any', () => {
  expect(chosen(catalogueWith('gpt-4.1-mini=haiku,gpt-*=opus,*=sonnet'), 'gpt-4.1-mini')).toBe(
    'conversational haiku haiku',
  )
  expect(chosen(catalogueWith('gpt-4.1-mini=haiku,gpt-*=opus,*=sonnet'), 'gpt-4.1')).toBe('conversational opus opus')
  expect(chosen(catalogueWith('gpt-4.1-mini=haiku,gpt-*=opus,*=sonnet'), 'claude')).toBe('conversational sonnet sonnet')
  expect(chosen(catalogueWith('*=sonnet'), 'haiku')).toBe('conversational haiku haiku')
})

test.each([
  ['gpt-*', 'gpt-', true],
  ['gpt-*', 'gpt-4.1', true],
  ['gpt-*', 'gpt', false],
  ['gpt-*', 'my-gpt-4', false],
  ['*-mini', 'gpt-4.1-mini', true],
  ['*-mini', 'gpt-4.1-minimal', false],
  ['gpt-*-mini', 'gpt-4.1-mini', true],
  ['gpt-*-mini', 'gpt-mini', false],
  ['*', 'anything/at all 🙂\nЖ', true],
  ['**', 'x', true],
  ['*a*', 'bab', true],
  ['*a*', 'bbb', false],
  ['gpt-4.1', 'gpt-4x1', false],
  ['a.c', 'abc', false],
  ['a+', 'aa', false],
  ['a+', 'a+', true],
  ['a?', '', false],
  ['(a|b)', 'a', false],
  ['(a|b)', '(a|b)', true],
  ['[ab]', 'a', false],
  ['^a$', '^a$', true],
  ['^a$', 'a', false],
  [String.raw`\d`, '5', false],
  [String.raw`\d`, String.raw`\d`, true],
  ['a{2}', 'aa', false],
  ['a{2}', 'a{2}', true],
  ['gpt', 'gpt\n', false],
])('[CC3] the alias %j against the name %j: %s', (pattern, name, fits) => {
  expect(chosen(catalogueWith('', { aliases: [{ pattern, target: 'opus' }] }), name)).toBe(
    fits ? 'conversational opus opus' : undefined,
  )
})

test('[CC3] an alias without * fits itself and nothing else, whatever characters it has', () => {
  const anyName = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((name) => !name.includes('*') && !name.includes('/'))
  fc.assert(
    fc.property(anyName, anyName, (pattern, name) => {
      const catalogue = catalogueWith('', {
        models: ['\u{10ffff}model'],
        aliases: [{ pattern, target: '\u{10ffff}model' }],
      })
      expect(chooseModel(catalogue, pattern, talker)?.model).toBe('\u{10ffff}model')
      expect(chooseModel(catalogue, name, talker)?.model).toBe(
        pattern.toLowerCase() === name.toLowerCase() ? '\u{10ffff}model' : undefined,
      )
    }),
  )
})

test('[CC3] an alias that leads to another alias, or to nothing, leads nowhere', () => {
  const catalogue = catalogueWith('a=b,b=haiku,c=gone,d=nobody/haiku')
  expect(chosen(catalogue, 'b')).toBe('conversational haiku haiku')
  expect(chosen(catalogue, 'a')).toBeUndefined()
  expect(chosen(catalogue, 'c')).toBeUndefined()
  expect(chosen(catalogue, 'd')).toBeUndefined()
})

test('[CC1] a model whose own name has a slash can be named, alone and behind an agent', () => {
  const catalogue = catalogueWith('', { models: ['us/claude'], defaultModel: 'us/claude' })
  expect(chosen(catalogue, 'us/claude')).toBe('conversational us/claude us/claude')
  expect(chosen(catalogue, 'recruiter-triage/us/claude')).toBe('recruiter-triage us/claude recruiter-triage/us/claude')
})

test('[MD1] models are listed before agent/model, and every listed name leads to itself', () => {
  const catalogue = catalogueWith('gpt-4.1=sonnet', { models: ['haiku', 'opus'] })
  expect(modelIds(catalogue)).toEqual([
    'haiku',
    'opus',
    'conversational/haiku',
    'conversational/opus',
    'recruiter-triage/haiku',
    'recruiter-triage/opus',
  ])
  for (const id of modelIds(catalogue)) expect(chooseModel(catalogue, id, talker)?.id).toBe(id)
})

test('[CC1] [MD1] agent/model on offer goes before an alias that fits everything', () => {
  const choice = chooseModel(catalogueWith('*=sonnet'), 'recruiter-triage/opus', talker)
  expect(choice).toEqual({ id: 'recruiter-triage/opus', agent: doer, model: 'opus' })
})
