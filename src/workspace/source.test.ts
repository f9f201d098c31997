import { expect, test } from 'vitest'
import { sourceOf } from './source.ts'

const settings = { repository: 'of-settings', branch: 'stable' }

test.each([
  [{}, settings],
  [{ branch: 'next' }, { repository: 'of-settings', branch: 'next' }],
  [{ repository: 'own' }, { repository: 'own', branch: undefined }],
  [
    { repository: 'own', branch: 'next' },
    { repository: 'own', branch: 'next' },
  ],
])('[WS2] what an agent’s file names goes before the settings: %j', (agent, source) => {
  expect(sourceOf(agent, settings)).toEqual(source)
})
