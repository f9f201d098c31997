import { expect, test } from 'vitest'
import type { Agent } from './agent.ts'
import { defaultAliases } from './default-aliases.ts'
import { aliasIds, chooseModel, type Alias, type Catalogue } from './model.ts'

const agentNamed = (name: string): Agent => ({ name, description: 'd', prompt: 'p', tools: [] })
const chat = agentNamed('conversational')

const catalogueOf = (
  models: readonly string[] = ['haiku', 'sonnet', 'opus'],
  own: readonly Alias[] = [],
  defaultModel = models[0] ?? '',
): Catalogue => ({
  models,
  defaultModel,
  aliases: [...own, ...defaultAliases({ models, defaultModel })],
  agents: [chat],
})
const idOf = (name: string, catalogue = catalogueOf()): string | undefined => chooseModel(catalogue, name, chat)?.id

test.each([
  ['gpt-4', 'sonnet'],
  ['gpt-4o', 'sonnet'],
  ['gpt-4.1', 'sonnet'],
  ['gpt-4-turbo-preview', 'sonnet'],
  ['gpt-4o-2024-08-06', 'sonnet'],
  ['gpt-5', 'sonnet'],
  ['gpt-5.1-codex', 'sonnet'],
  ['o1', 'sonnet'],
  ['o1-preview', 'sonnet'],
  ['o3-pro-2025-06-10', 'sonnet'],
  ['o4', 'sonnet'],
  ['chatgpt-4o-latest', 'sonnet'],
])('[MD2] the name %s of OpenAI’s leads to %s', (name, model) => {
  expect(idOf(name)).toBe(model)
})

test.each([
  'gpt-4o-mini',
  'gpt-4o-mini-2024-07-18',
  'gpt-4.1-mini',
  'gpt-4.1-nano-2025-04-14',
  'gpt-5-mini',
  'gpt-5-nano',
  'o1-mini',
  'o3-mini-high',
  'o4-mini',
  'gpt-3.5-turbo',
  'gpt-3.5-turbo-0125',
])('[MD3] the small model %s leads to haiku', (name) => {
  expect(idOf(name)).toBe('haiku')
})

test.each([
  ['claude-opus-4-1-20250805', 'opus'],
  ['claude-opus-4-0', 'opus'],
  ['claude-sonnet-4-5', 'sonnet'],
  ['claude-sonnet-4.5', 'sonnet'],
  ['claude-haiku-4-5-latest', 'haiku'],
  ['claude-haiku-4-5@20251001', 'haiku'],
  ['claude-3-5-sonnet-20241022', 'sonnet'],
  ['claude-3-5-haiku-latest', 'haiku'],
  ['claude-3-opus-20240229', 'opus'],
])('[MD4] the name %s of Claude’s leads to its family, %s', (name, model) => {
  expect(idOf(name)).toBe(model)
})

test.each([
  ['openai/gpt-4o', 'sonnet'],
  ['openai/gpt-5-mini', 'haiku'],
  ['anthropic/claude-sonnet-4.5', 'sonnet'],
  ['OpenAI/GPT-4o-Mini', 'haiku'],
  ['GPT-4.1', 'sonnet'],
  ['Claude-Opus-4-1', 'opus'],
  ['Haiku', 'haiku'],
  ['anthropic/opus', 'opus'],
  ['ANTHROPIC/Sonnet', 'sonnet'],
  ['conversational/gpt-4o-mini', 'conversational/haiku'],
  ['conversational/openai/gpt-4o', 'conversational/sonnet'],
  ['Conversational/Opus', 'conversational/opus'],
  ['openai/conversational/haiku', 'conversational/haiku'],
  ['anthropic/conversational/Claude-Haiku-4-5', 'conversational/haiku'],
])('[MD5] the name %s, behind a provider or in another case, is answered by %s', (name, id) => {
  expect(idOf(name)).toBe(id)
})

test.each([
  'gpt-',
  'gpt-6',
  'gpt',
  'my-gpt-4',
  'o5',
  'opus-4',
  'claude',
  'claude-2.1',
  'claude-opus',
  'openai/',
  'openai/openai/gpt-4o',
  'google/gpt-4o',
  'nobody/gpt-4o',
  'gemini-2.5-pro',
  'text-embedding-3-small',
  ' gpt-4o',
])('[MD2] [CC2] %j stays unknown', (name) => {
  expect(idOf(name)).toBeUndefined()
})

test('[MD5] [CC1] an agent that has the name of a provider goes before it', () => {
  const catalogue = { ...catalogueOf(), agents: [chat, agentNamed('openai')] }
  const names = ['openai/haiku', 'openai/gpt-4o', 'openai/openai/gpt-4o', 'OpenAI/opus', 'anthropic/opus']
  expect(names.map((name) => idOf(name, catalogue))).toEqual([
    'openai/haiku',
    'openai/sonnet',
    'openai/sonnet',
    'openai/opus',
    'opus',
  ])
})

test('[MD6] the operator’s aliases go before the default ones, also behind a provider and in another case', () => {
  const own = [
    { pattern: 'gpt-4o', target: 'opus' },
    { pattern: 'openai/gpt-5', target: 'conversational/opus' },
    { pattern: 'Claude-*', target: 'haiku' },
  ]
  const catalogue = catalogueOf(undefined, own)
  const names = ['gpt-4o', 'openai/GPT-4o', 'openai/gpt-5', 'gpt-5', 'claude-opus-4-1', 'gpt-4o-mini']
  expect(names.map((name) => idOf(name, catalogue))).toEqual([
    'opus',
    'opus',
    'conversational/opus',
    'sonnet',
    'haiku',
    'haiku',
  ])
})

test('[MD8] names of OpenAI’s lead to the default model where theirs is not on offer; those of Claude’s lead nowhere', () => {
  const few = catalogueOf(['opus', 'haiku'])
  expect(['gpt-4o', 'gpt-4o-mini', 'claude-opus-4-1', 'claude-sonnet-4-5'].map((name) => idOf(name, few))).toEqual([
    'opus',
    'haiku',
    'opus',
    undefined,
  ])
  const own = catalogueOf(['claude-sonnet-4-5', 'Us.Claude'], [], 'Us.Claude')
  expect(['gpt-4o', 'o3-mini', 'claude-sonnet-4-5', 'claude-sonnet-4-6', 'us.claude'].map((n) => idOf(n, own))).toEqual(
    ['Us.Claude', 'Us.Claude', 'claude-sonnet-4-5', undefined, 'Us.Claude'],
  )
  for (const { target } of own.aliases) expect(own.models).toContain(target)
})

test('[MD9] aliases that are names are listed once; patterns and names on offer are not', () => {
  const own = ['fast', 'gpt-*', 'haiku', 'fast', 'gpt-4o'].map((pattern) => ({ pattern, target: 'opus' }))
  expect(aliasIds(catalogueOf(undefined, own))).toEqual(['fast', 'gpt-4o'])
  expect(aliasIds(catalogueOf())).toEqual([])
})
