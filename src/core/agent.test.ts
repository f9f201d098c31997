import { expect, test } from 'vitest'
import { isTalker } from './agent.ts'

test('[CC1] an agent without tools is a talker, any other a doer', () => {
  const agent = { name: 'a', description: 'd', prompt: 'p' }
  expect(isTalker({ ...agent, tools: [] })).toBe(true)
  expect(isTalker({ ...agent, tools: ['Read'] })).toBe(false)
})
