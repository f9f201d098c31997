import { expect, test } from 'vitest'
import type { Agent } from '../../core/index.ts'
import { denialRules, doerArguments, keptTalkerArguments, permissionRules, talkerArguments } from './arguments.ts'

const doer: Agent = {
  name: 'd',
  description: 'Does.',
  prompt: 'You "do".\n--x',
  tools: ['WebSearch', 'Read', 'Grep', 'Bash(git log:*)', 'Bash(git diff:*)'],
}

const common = (model: string): readonly string[] => [
  '-p',
  '--model',
  model,
  '--input-format',
  'stream-json',
  '--output-format',
  'stream-json',
  '--include-partial-messages',
  '--verbose',
  '--setting-sources',
  '',
  '--strict-mcp-config',
  '--no-session-persistence',
]

test('[CL1] [CL6] a talker has no tools, no settings and no session, and its arguments tell nothing but its model', () => {
  expect(talkerArguments({ model: 'haiku' })).toEqual([...common('haiku'), '--tools', ''])
})

test('[WP20] a talker that goes on from a transcript does so in a session of its own', () => {
  expect(talkerArguments({ model: 'haiku', seedPath: '/t/seed.jsonl' })).toEqual([
    ...talkerArguments({ model: 'haiku' }),
    '--resume',
    '/t/seed.jsonl',
    '--fork-session',
  ])
})

test('[DO3] [CL5] a doer has its own tools, below its workspace, and asks for nothing else', () => {
  const args = doerArguments({
    agent: doer,
    model: 'opus',
    directory: '/w/run-1',
    loginDirectories: ['/h/.claude', '/real/.claude'],
    budgetUsd: 0.5,
  })
  const { name, description, prompt } = doer
  expect(args).toEqual([
    ...common('opus'),
    '--agents',
    JSON.stringify({ [name]: { description, prompt, tools: ['WebSearch', 'Read', 'Grep', 'Bash', 'Bash'] } }),
    '--agent',
    'd',
    '--tools',
    'WebSearch,Read,Grep,Bash',
    '--allowedTools',
    'WebSearch',
    'Read(//w/run-1/**)',
    'Bash(git log:*)',
    'Bash(git diff:*)',
    '--disallowedTools',
    ...denialRules(['/h/.claude', '/real/.claude']),
    '--permission-mode',
    'dontAsk',
    '--max-budget-usd',
    '0.5',
  ])
  expect(args.join(' ')).not.toContain('dangerously')
})

test('[SB2] file tools are denied what the CLI keeps of others, its own session’s results are not', () => {
  const rules = denialRules(['/h/.claude', '/real'])
  for (const rule of [
    'Read(//h/.claude/tasks/**)',
    'Edit(//h/.claude/plugins/**)',
    'Read(//h/.claude/CLAUDE.md)',
    'Read(//real/tasks/**)',
  ])
    expect(rules).toContain(rule)
  expect(rules.join(' ')).not.toMatch(/projects|\.claude\/\*/)
})

test('[DO3] no bare rule opens a file tool beyond the workspace', () => {
  const tools = ['Read', 'Grep', 'Glob', 'Edit', 'Write', 'MultiEdit', 'NotebookEdit']
  expect(permissionRules(tools, '/w')).toEqual(['Read(//w/**)', 'Edit(//w/**)'])
})

test('[FN1] [FN3] [CL6] one that is kept may call what the client offers and nothing else, and asks the model once a turn', () => {
  expect(keptTalkerArguments({ model: 'haiku' })).toEqual([...talkerArguments({ model: 'haiku' }), '--max-turns', '1'])
})
