import { expect, test } from 'vitest'
import { ConfigError, loadConfig } from './config/index.ts'
import { chooseModel, type Agent } from './core/index.ts'
import { offerOf } from './offer.ts'

const agent = (name: string, tools: readonly string[] = []): Agent => ({ name, description: 'd', prompt: 'p', tools })
const AGENTS = [agent('conversational'), agent('recruiter-triage', ['Read']), agent('worker', ['Bash'])]

/** The agents of a request that names none: chat, chat that is not streamed, a job. */
const defaultsWith = (env: Readonly<Record<string, string>>): readonly string[] => {
  const { chatAgent, unstreamedAgent, jobAgent } = offerOf(loadConfig({ HOME: '/nowhere', ...env }), AGENTS)
  return [chatAgent, unstreamedAgent, jobAgent].map(({ name }) => name)
}

test.each([
  [{}, ['conversational', 'conversational', 'recruiter-triage']],
  [{ VIVAVOCE_AGENT: '' }, ['conversational', 'conversational', 'recruiter-triage']],
  [{ VIVAVOCE_WORKSPACE_BRANCH: 'main' }, ['conversational', 'conversational', 'recruiter-triage']],
  [{ VIVAVOCE_AGENT: 'worker' }, ['conversational', 'worker', 'worker']],
  [{ VIVAVOCE_AGENT: 'conversational' }, ['conversational', 'conversational', 'conversational']],
  [{ VIVAVOCE_WORKSPACE_REPO: '/repository' }, ['conversational', 'recruiter-triage', 'recruiter-triage']],
  [{ VIVAVOCE_WORKSPACE_REPO: '/repository', VIVAVOCE_AGENT: 'worker' }, ['conversational', 'worker', 'worker']],
])('[CC22] [CC1] the settings %j make the agents of chat, of chat not streamed, and of jobs %j', (env, agents) => {
  expect(defaultsWith(env)).toEqual(agents)
})

test('[MD6] [MD7] the operator’s aliases go before the default ones, which can be switched off', () => {
  const idsWith = (env: Readonly<Record<string, string>>): readonly (string | undefined)[] => {
    const { catalogue, chatAgent } = offerOf(loadConfig({ HOME: '/nowhere', ...env }), AGENTS)
    return ['gpt-4o', 'gpt-5-mini', 'claude-opus-4-1', 'fast'].map(
      (name) => chooseModel(catalogue, name, chatAgent)?.id,
    )
  }
  expect(idsWith({})).toEqual(['sonnet', 'haiku', 'opus', undefined])
  const own = { VIVAVOCE_MODEL_ALIASES: 'fast=haiku,gpt-4o=worker/opus' }
  expect(idsWith(own)).toEqual(['worker/opus', 'haiku', 'opus', 'haiku'])
  expect(idsWith({ ...own, VIVAVOCE_DEFAULT_ALIASES: '0' })).toEqual(['worker/opus', undefined, undefined, 'haiku'])
})

test('[AG2] a setting that names no agent, or a chat agent with tools, is reported', () => {
  const problemsOf = (env: Readonly<Record<string, string>>): readonly string[] => {
    try {
      defaultsWith(env)
    } catch (error) {
      if (error instanceof ConfigError) return error.problems
      throw error
    }
    return []
  }
  expect(problemsOf({ VIVAVOCE_AGENT: 'nobody', VIVAVOCE_STREAM_AGENT: 'worker' })).toEqual([
    'VIVAVOCE_STREAM_AGENT: the agent worker has tools; one without is needed',
    'VIVAVOCE_AGENT: there is no agent nobody (there are conversational, recruiter-triage, worker)',
  ])
})
