import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, readEnvironment, type Config, type Environment } from '../config/index.ts'
import { REHEARSAL_KEY, startRehearsal, type Rehearsal } from '../rehearsal/index.ts'

export interface RehearsalSet extends AsyncDisposable {
  readonly rehearsal: Rehearsal
  readonly config: Config
  /** Reads the configuration again. @throws ConfigError. */
  load(): Config
}

interface RehearseOptions {
  /** Settings of the command line. */
  readonly options: Environment
  /** Whether the data directory is a new one even if the settings name one. */
  readonly ownData?: boolean
}

/**
 * A rehearsal API and a configuration under which the CLI talks to that API and to nothing else: no real login, a
 * configuration directory of its own and, unless the settings name one, a data directory of its own. Disposing of the set
 * removes both.
 */
export async function rehearse({ options, ownData = false }: RehearseOptions): Promise<RehearsalSet> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-rehearsal-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true, maxRetries: 3 })
  let rehearsal: Rehearsal | undefined
  try {
    const started = await startRehearsal()
    rehearsal = started
    const data = join(directory, 'data')
    const load = (): Config =>
      loadConfig(readEnvironment(), {
        options: { ...options, ...(ownData ? { VIVAVOCE_DATA_DIR: data } : {}) },
        defaults: { VIVAVOCE_DATA_DIR: data },
        // No real login reaches a rehearsal.
        login: {
          ANTHROPIC_BASE_URL: started.url,
          ANTHROPIC_API_KEY: REHEARSAL_KEY,
          CLAUDE_CONFIG_DIR: join(directory, 'config'),
        },
      })
    return {
      rehearsal: started,
      config: load(),
      load,
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
