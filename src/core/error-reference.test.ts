import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorReference } from './error-reference.ts'

test('[ER10] docs/reference/errors.md is printed from the table of failures', () => {
  expect(readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8')).toBe(errorReference())
})
