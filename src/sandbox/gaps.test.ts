import { expect, test } from 'vitest'
import { gapsOf } from './gaps.ts'

const agent = (...tools: readonly string[]) => ({ name: 'a', description: 'd', prompt: 'p', tools })
const cli = { version: '2.1.197', refusesExchangedFiles: false }

test('[SB7] without a sandbox whoever needs one is concerned, whatever the CLI can do', () => {
  const [gap, ...more] = gapsOf({ sandbox: { ok: false, problem: 'no bwrap' }, cli })
  expect(more).toEqual([])
  expect(gap).toMatchObject({ problem: 'no bwrap', message: expect.stringContaining('install bubblewrap') })
  expect([agent('Bash'), agent('Write'), agent('Read'), agent()].map((one) => gap?.concerns(one))).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('[SB8] with an older CLI only those are concerned that have both kinds of tools', () => {
  const [gap] = gapsOf({ sandbox: { ok: true }, cli })
  expect(gap).toMatchObject({
    problem: expect.stringContaining('2.1.197'),
    message: expect.stringContaining('update'),
  })
  expect([agent('Bash', 'Read'), agent('Bash'), agent('Write'), agent()].map((one) => gap?.concerns(one))).toEqual([
    true,
    false,
    false,
    false,
  ])
})

test('[SB8] nobody is concerned with a sandbox and a CLI that looks again', () => {
  expect(gapsOf({ sandbox: { ok: true }, cli: { version: '2.1.330', refusesExchangedFiles: true } })).toEqual([])
})
