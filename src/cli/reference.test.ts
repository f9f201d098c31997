import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { commandReference } from './reference.ts'

test('[CM5] the reference page holds the usage of each command, as it is printed', async () => {
  const page = await readFile(new URL('../../docs/reference/command.md', import.meta.url), 'utf8')
  expect(page).toBe(commandReference())
})
