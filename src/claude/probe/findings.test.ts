import { expect, test } from 'vitest'
import { isComplete, missingFrom, NOTHING_FOUND, tierOf, type Findings } from './findings.ts'

const ALL = {
  replay: 'bulk',
  rewind: 'jump',
  systemPrompt: 'live',
  switchModel: true,
  liveSettings: true,
  environmentNote: 'removable',
  interrupt: true,
  functions: true,
} as const

test('[SU7] what is not known is not relied on, and is told apart from what is missing', () => {
  const { functions: _unknown, ...abilities } = { ...ALL, switchModel: false }
  const findings: Findings = { pooled: true, abilities }
  expect(isComplete(findings)).toBe(false)
  expect(tierOf(findings)).toEqual({ ...ALL, switchModel: false, functions: false })
  expect(missingFrom(findings)).toEqual([
    { capability: 'models', status: 'missing', cost: 'Each model needs a process of its own.' },
    { capability: 'tools', status: 'unknown', cost: 'Requests with `tools` fail.' },
  ])
})

test('[SU7] nothing is missing from a CLI that can do everything', () => {
  const findings: Findings = { pooled: true, abilities: ALL }
  expect([isComplete(findings), missingFrom(findings), tierOf(findings)]).toEqual([true, [], ALL])
})

test.each([
  [NOTHING_FOUND, false, 'unknown'],
  [{ pooled: false, abilities: {} }, true, 'missing'],
] as const)('[SU7] without pooled processes one cost stands for all: %j', (findings, complete, status) => {
  expect(isComplete(findings)).toBe(complete)
  expect(tierOf(findings)).toBeUndefined()
  expect(missingFrom(findings)).toEqual([expect.objectContaining({ capability: 'pooled processes', status })])
})

test('[SU7] each value that is not the best one has a cost', () => {
  for (const less of [
    { replay: 'steps' },
    { replay: 'none' },
    { rewind: 'steps' },
    { rewind: 'none' },
    { systemPrompt: 'when-empty' },
    { systemPrompt: 'fixed' },
    { switchModel: false },
    { liveSettings: false },
    { interrupt: false },
    { functions: false },
  ] as const)
    expect(missingFrom({ pooled: true, abilities: { ...ALL, ...less } })).toHaveLength(1)
})
