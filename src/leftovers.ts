/** What the CLI keeps beside its login of processes and workspaces of this server: gone with them, or at the next start. */
import {
  clearProjectEntries,
  clearRunFiles,
  clearSessionFiles,
  configPathOf,
  loginDirectoryOf,
  openSessionFiles,
} from './claude/index.ts'
import type { Observer } from './core/index.ts'

export interface Leftovers {
  /** The observer for all that starts processes of the CLI. */
  readonly observer: Observer
  /** To be called when no process of the CLI runs any more. */
  clear(): Promise<void>
}

export interface LeftoversOptions {
  readonly cliEnvironment: Readonly<Record<string, string>>
  /** Of the workspaces, absolute, links followed. */
  readonly root: string
  /** For records of this server alone; what is in it is of a server that is gone. */
  readonly records: string
  readonly observer: Observer
}

/** Removes what servers that are gone have left, before any process of the CLI is started. */
export async function openLeftovers({ cliEnvironment, root, records, observer }: LeftoversOptions): Promise<Leftovers> {
  const loginDirectory = loginDirectoryOf(cliEnvironment)
  const cleared = async (what: string, clearing: Promise<void>): Promise<void> =>
    clearing.catch((error: unknown) => observer.observe({ type: 'cleanup-failed', what, error }))
  const clearEntries = (): Promise<void> =>
    cleared('entries of workspaces', clearProjectEntries({ path: configPathOf(cliEnvironment), loginDirectory, root }))
  await cleared('session files of earlier processes', clearSessionFiles({ loginDirectory, records }))
  await cleared('files of earlier runs', clearRunFiles({ loginDirectory, root }))
  await clearEntries()
  const sessionFiles = openSessionFiles({ loginDirectory, records })
  return {
    observer: sessionFiles.following(observer),
    async clear() {
      await sessionFiles[Symbol.asyncDispose]()
      await clearEntries()
    },
  }
}
