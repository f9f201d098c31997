import { expect, test } from 'vitest'
import { refusesExchangedFiles } from './exchanged-files.ts'

test.each([
  ['2.1.330', true],
  ['2.1.331', true],
  ['2.1.1000', true],
  ['2.2.0', true],
  ['3.0.0', true],
  ['2.1.329', false],
  ['2.1.197', false],
  ['2.1.33', false],
  ['2.0.999', false],
  ['1.9.999', false],
])('[SB8] whether the file tools of %s refuse what was exchanged: %s', (version, refuses) => {
  expect(refusesExchangedFiles(version)).toBe(refuses)
})
