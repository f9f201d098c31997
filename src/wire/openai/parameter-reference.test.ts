import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parameterReference } from './parameter-reference.ts'

test('[CC7] [R3] the reference page of parameters is printed from their tables', () => {
  const page = new URL('../../../docs/reference/chat-completions.md', import.meta.url)
  expect(readFileSync(page, 'utf8')).toBe(parameterReference())
})
