import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { configReference } from './reference.ts'
import { setting, settingNames } from './settings.ts'

test('[CF3] the reference page in the documents is the one that is printed', async () => {
  const page = await readFile(new URL('../../docs/reference/config.md', import.meta.url), 'utf8')
  expect(page).toBe(configReference())
})

test('[CF3] the reference page has one row for each setting, with its default and what it does', () => {
  const rows = configReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.map((row) => /^\| `([A-Z_]+)` \|/.exec(row)?.[1])).toEqual(settingNames)
  expect(rows).toContain('| `VIVAVOCE_LOG_LEVEL` | `info` | What is logged, on stderr, as JSON lines. |')
  for (const [index, name] of settingNames.entries()) expect(rows[index]).toContain(setting(name).tells)
  for (const row of rows) expect(row.match(/ \| /g)).toHaveLength(2)
})

test('[CF4] the reference page names what the CLI gets', () => {
  const page = configReference()
  for (const name of ['`ANTHROPIC_API_KEY`', '`CLAUDE_CODE_OAUTH_TOKEN`', '`LC_*`', 'AWS_*', 'GOOGLE_*']) {
    expect(page).toContain(name)
  }
})
