import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isBranchName, mayPush } from './branch-name.ts'

const gitTakes = (name: string): boolean =>
  spawnSync('git', ['check-ref-format', `refs/heads/${name}`]).status === 0 && !name.startsWith('-') && name !== 'HEAD'

test('[WS9] a branch is named as git has it', () => {
  const piece = fc.constantFrom(
    'a',
    'б',
    '🙂',
    '/',
    '.',
    '..',
    '@',
    '{',
    '-',
    '.lock',
    ' ',
    '~',
    '\\',
    '*',
    'HEAD',
    '\t',
  )
  const name = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(name, (text) => {
      // Of `@` alone git says so only without the folder before it.
      expect(isBranchName(text)).toBe(gitTakes(text) && text !== '@')
    }),
    { numRuns: 300 },
  )
})

test.each([[''], ['a\0b'], ['\ud800'], ['x'.repeat(256)], ['a\nb'], ['@'], ['HEAD'], ['--force'], ['+a'.repeat(200)]])(
  '[WS9] %j is no name of a branch',
  (name) => expect(isBranchName(name)).toBe(false),
)

test.each([
  ['agent/x', ['agent/*'], true],
  ['agent/', ['agent/*'], false],
  ['agent/x/y', ['agent/*'], true],
  ['main', ['agent/*', 'main'], true],
  ['main2', ['main'], false],
  ['a1b2c', ['a*b*c'], true],
  ['abc', ['a*b*c'], true],
  ['ac', ['a*b*c'], false],
  ['aba', ['ab*ba'], false],
  ['a.c', ['a?c'], false],
  ['anything', ['*'], true],
  ['a b', ['*'], false],
  ['-x', ['*'], false],
  ['main', [], false],
])('[WS9] whether %j may be pushed by %j: %j', (branch, patterns, may) => expect(mayPush(branch, patterns)).toBe(may))
