import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, readEnvironment, type Config } from '../config/index.ts'
import { REHEARSAL_KEY, startRehearsal, type Rehearsal } from '../rehearsal/index.ts'

export interface RehearsalSet extends AsyncDisposable {
  readonly rehearsal: Rehearsal
  readonly config: Config
}

/** Every way to a real login: none of them reaches a rehearsal. */
const LOGINS = /^(ANTHROPIC_|CLAUDE_CODE_|CLAUDE_CONFIG_DIR$|AWS_|GOOGLE_|(https?|all)_proxy$)/i

/**
 * A rehearsal API and a configuration under which the CLI talks to it and to nothing else: no real login, a configuration
 * directory of its own and, unless the settings name one, a data directory of its own. Disposing of it removes both.
 */
export async function rehearse(overrides: Readonly<Record<string, string>> = {}): Promise<RehearsalSet> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-rehearsal-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true, maxRetries: 3 })
  try {
    const rehearsal = await startRehearsal()
    const own = Object.fromEntries(Object.entries(readEnvironment()).filter(([name]) => !LOGINS.test(name)))
    const config = loadConfig({
      VIVAVOCE_DATA_DIR: join(directory, 'data'),
      ...own,
      ANTHROPIC_BASE_URL: rehearsal.url,
      ANTHROPIC_API_KEY: REHEARSAL_KEY,
      CLAUDE_CONFIG_DIR: join(directory, 'config'),
      ...overrides,
    })
    return {
      rehearsal,
      config,
      async [Symbol.asyncDispose]() {
        await rehearsal.close()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
