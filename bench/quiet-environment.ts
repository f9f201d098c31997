/** The environment of the processes that are measured: nothing of ours but the search path, and no way but to the rehearsal. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { readEnvironment } from '../src/config/index.ts'
import { REHEARSAL_KEY } from '../src/rehearsal/index.ts'

/** Nobody listens there, so what the CLI would send elsewhere stays here. */
const NOWHERE = 'http://127.0.0.1:9'

export const searchPath = (): string => readEnvironment()['PATH'] ?? ''

/** Makes the directory, which is home to whatever gets this environment. */
export function quietEnvironment({
  directory,
  upstream,
}: {
  readonly directory: string
  readonly upstream: string
}): Readonly<Record<string, string>> {
  mkdirSync(directory, { recursive: true })
  return {
    PATH: searchPath(),
    HOME: directory,
    TMPDIR: tmpdir(),
    LANG: 'C.UTF-8',
    HTTPS_PROXY: NOWHERE,
    HTTP_PROXY: NOWHERE,
    NO_PROXY: '127.0.0.1',
    ANTHROPIC_BASE_URL: upstream,
    ANTHROPIC_API_KEY: REHEARSAL_KEY,
    CLAUDE_CONFIG_DIR: join(directory, 'claude'),
  }
}
