import { expect, test } from 'vitest'
import type { Agent } from '../../core/index.ts'
import { doerArguments, permissionRules, sessionArguments, talkerArguments } from './arguments.ts'

const talker: Agent = { name: 'conversational', description: 'Talks.', prompt: 'You "talk".\n--x', tools: [] }
const doer: Agent = {
  name: 'd',
  description: 'Does.',
  prompt: 'You do.',
  tools: ['WebSearch', 'Read', 'Grep', 'Bash(git log:*)', 'Bash(git diff:*)'],
}

const COMMON = [
  '--input-format',
  'stream-json',
  '--output-format',
  'stream-json',
  '--include-partial-messages',
  '--verbose',
  '--setting-sources',
  '',
  '--strict-mcp-config',
]
const agents = (agent: Agent, tools: readonly string[]): string =>
  JSON.stringify({ [agent.name]: { description: agent.description, prompt: agent.prompt, tools } })

test('[CL1] [CL6] a talker has no tools, no settings and no session', () => {
  expect(talkerArguments({ agent: talker, model: 'haiku' })).toEqual([
    '-p',
    '--agents',
    agents(talker, []),
    '--agent',
    'conversational',
    '--model',
    'haiku',
    ...COMMON,
    '--tools',
    '',
    '--no-session-persistence',
  ])
})

test('[CV1] the first turn of a session opens it, later ones resume it where it last held', () => {
  const uuid = '0b5e6c1e-6d0a-5d38-9d5e-4f2c6b0f7a11'
  const first = sessionArguments({ agent: talker, model: 'sonnet', session: { uuid, opened: false } })
  expect(first.slice(-4)).toEqual(['--tools', '', '--session-id', uuid])
  const later = sessionArguments({ agent: talker, model: 'sonnet', session: { uuid, opened: true, resumeAt: 'at' } })
  expect(later.slice(-6)).toEqual(['--tools', '', '--resume', uuid, '--resume-session-at', 'at'])
  for (const args of [first, later]) expect(args).not.toContain('--no-session-persistence')
})

test('[DO3] [CL5] a doer has its own tools, below its workspace, and asks for nothing else', () => {
  const args = doerArguments({ agent: doer, model: 'opus', directory: '/w/run-1', budgetUsd: 0.5 })
  expect(args.slice(args.indexOf('--no-session-persistence'))).toEqual([
    '--no-session-persistence',
    '--tools',
    'WebSearch,Read,Grep,Bash',
    '--allowedTools',
    'WebSearch',
    'Read(//w/run-1/**)',
    'Bash(git log:*)',
    'Bash(git diff:*)',
    '--permission-mode',
    'dontAsk',
    '--max-budget-usd',
    '0.5',
  ])
  expect(args.join(' ')).not.toContain('dangerously')
  expect(args[2]).toBe(agents(doer, ['WebSearch', 'Read', 'Grep', 'Bash', 'Bash']))
})

test('[DO3] no bare rule opens a file tool beyond the workspace', () => {
  const tools = ['Read', 'Grep', 'Glob', 'Edit', 'Write', 'MultiEdit', 'NotebookEdit']
  expect(permissionRules(tools, '/w')).toEqual(['Read(//w/**)', 'Edit(//w/**)'])
})
