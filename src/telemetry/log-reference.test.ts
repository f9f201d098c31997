import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { logReference } from './log-reference.ts'

test('[LG8] the reference page in the documents is the one that is printed', async () => {
  const page = await readFile(new URL('../../docs/reference/log.md', import.meta.url), 'utf8')
  expect(page).toBe(logReference())
})

test('[LG8] the page has each event with its level and its fields', () => {
  const section = (name: string): string =>
    logReference()
      .split('\n## ')
      .find((text) => text.startsWith(`${name}\n`)) ?? ''
  expect(section('job-run-finished')).toContain('| `outputTokens` | All tokens of output. |')
  expect(section('job-run-finished')).toContain('Level: `info`, or with a `code` that of the failure.')
  expect(section('store-failed')).toContain('Level: `error`.')
  expect(section('store-failed')).toContain('| the error (see above) | Why. |')
})
