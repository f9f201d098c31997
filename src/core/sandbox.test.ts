import { expect, test } from 'vitest'
import { needsSandbox } from './sandbox.ts'

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
