/** An older CLI, which lacks some capabilities. `npm run test:matrix` installs it; tests of it are skipped without it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const OLDER_CLI = fileURLToPath(
  new URL('../matrix/node_modules/claude-code-2.1.197/bin/claude.exe', import.meta.url),
)

export const hasOlderCli = existsSync(OLDER_CLI)

if (!hasOlderCli) process.stderr.write('The older CLI is not installed, its tests are skipped: npm run test:matrix\n')

/** Of variants to test, those whose CLI is installed. */
export const installed = <T>(variants: readonly T[]): readonly T[] =>
  variants.filter((variant) => hasOlderCli || !JSON.stringify(variant).includes(OLDER_CLI))
