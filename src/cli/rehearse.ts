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
 * directory of its own and, unless the settings name one and may (`ownData`), a data directory of its own. Disposing of it removes both.
 */
export async function rehearse({ ownData = false }: { readonly ownData?: boolean } = {}): Promise<RehearsalSet> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-rehearsal-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true, maxRetries: 3 })
  let rehearsal: Rehearsal | undefined
  try {
    const started = await startRehearsal()
    rehearsal = started
    const data = join(directory, 'data')
    const own = Object.fromEntries(Object.entries(readEnvironment()).filter(([name]) => !LOGINS.test(name)))
    const config = loadConfig({
      VIVAVOCE_DATA_DIR: data,
      ...own,
      ...(ownData ? { VIVAVOCE_DATA_DIR: data } : {}),
      ANTHROPIC_BASE_URL: started.url,
      ANTHROPIC_API_KEY: REHEARSAL_KEY,
      CLAUDE_CONFIG_DIR: join(directory, 'config'),
    })
    return {
      rehearsal: started,
      config,
      async [Symbol.asyncDispose]() {
        await started.close()
        await remove()
      },
    }
  } catch (error) {
    await rehearsal?.close()
    await remove()
    throw error
  }
}
