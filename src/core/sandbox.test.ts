import { expect, test } from 'vitest'
import { mayExchangeFiles, needsSandbox } from './sandbox.ts'

const withTools = (...tools: readonly string[]) => ({ name: 'a', description: 'd', prompt: 'p', tools })

test.each([
  [[]],
  [['Read', 'Grep', 'Glob', 'LS', 'NotebookRead', 'TodoWrite']],
  [['WebFetch(domain:example.com)', 'WebSearch']],
])('[SB7] no sandbox is needed for %j', (tools) => expect(needsSandbox(withTools(...tools))).toBe(false))

test.each([
  ['Bash'],
  ['Bash(git log:*)'],
  ['Write'],
  ['Edit'],
  ['MultiEdit'],
  ['NotebookEdit'],
  ['Monitor'],
  ['Agent'],
  ['Tomorrow'],
  ['read'],
  ['mcp__server__tool'],
])('[SB7] a sandbox is needed for %s, whatever stands beside it', (tool) => {
  expect(needsSandbox(withTools('Read', tool))).toBe(true)
})

test.each([
  [['Bash', 'Read']],
  [['Bash(git log:*)', 'Grep']],
  [['Glob(src/**)', 'Monitor']],
  [['Agent', 'Write']],
  [['Edit', 'Tomorrow']],
])('[SB8] programs could exchange what a file tool opens with %j', (tools) => {
  expect(mayExchangeFiles(withTools(...tools))).toBe(true)
})

test.each([
  [[]],
  [['Bash', 'Agent', 'Tomorrow']],
  [['Read', 'Write', 'Edit', 'WebSearch']],
  [['Bash', 'WebFetch', 'TodoWrite']],
])('[SB8] no program could exchange what a file tool opens with %j', (tools) =>
  expect(mayExchangeFiles(withTools(...tools))).toBe(false),
)
