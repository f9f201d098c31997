/**
 * What the CLI keeps of a run outside of its workspace: what programs print, and results too long to be told at once. All of it
 * goes with the run; the files of its session go with its process (session-files.ts). Seen on 2.1.197 and 2.1.330:
 *
 *     TMPDIR/claude-UID/PROJECT/…               what programs print, as long as they print it
 *     CLAUDE_CONFIG_DIR/projects/PROJECT/…      results, sub-agents; under more sessions than the run's own
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError, type Observer } from '../../core/index.ts'
import { hasCode } from '../../lib/index.ts'

/** The CLI cuts names of projects that are longer, and puts a hash behind them. */
const MAX_NAME = 200

const projectName = (directory: string): string => directory.replace(/[^a-zA-Z0-9]/g, '-')

const names = async (directory: string): Promise<readonly string[]> => {
  try {
    return await readdir(directory)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 3 })

export interface RunFiles extends AsyncDisposable {
  /** For the run alone, absolute. */
  readonly temporaryDirectory: string
  /** All directories that what is printed may grow in; they need not exist. */
  readonly growing: readonly string[]
}

export interface RunFilesOptions {
  /** Where the directory of the run is made. */
  readonly temporaryRoot: string
  /** The CLI's own directory, where its login is. */
  readonly loginDirectory: string
  /** The workspace, which no other run has. */
  readonly directory: string
  readonly observer: Observer
}

/** Disposed of when the processes of the run are gone; then all of it is removed. @throws GatewayError `workspace_failed`. */
export async function openRunFiles({
  temporaryRoot,
  loginDirectory,
  directory,
  observer,
}: RunFilesOptions): Promise<RunFiles> {
  const temporaryDirectory = await mkdtemp(join(temporaryRoot, 'run-')).catch((cause: unknown) => {
    throw new GatewayError('workspace_failed', 'No directory for temporary files could be made for the run.', { cause })
  })
  const projects = join(loginDirectory, 'projects')
  const name = projectName(directory)

  /** One that is cut is found by the directory of the same name that the CLI made for what is printed. */
  async function projectNames(): Promise<readonly string[]> {
    if (name.length <= MAX_NAME) return [name]
    const owners = (await names(temporaryDirectory)).filter((owner) => owner.startsWith('claude-'))
    const found = await Promise.all(owners.map((owner) => names(join(temporaryDirectory, owner))))
    return found.flat().filter((one) => one.startsWith(`${name.slice(0, MAX_NAME)}-`))
  }

  return {
    temporaryDirectory,
    growing: [temporaryDirectory, join(projects, name)],
    async [Symbol.asyncDispose]() {
      try {
        for (const project of await projectNames()) await remove(join(projects, project))
        await remove(temporaryDirectory)
      } catch (error) {
        observer.observe({ type: 'cleanup-failed', what: 'files of a run', error })
      }
    },
  }
}

/** Removes what the CLI kept of runs in workspaces below `root`, none of which runs: what a server that was killed left. */
export async function clearRunFiles({
  loginDirectory,
  root,
}: {
  readonly loginDirectory: string
  /** Absolute, links followed. */
  readonly root: string
}): Promise<void> {
  const prefix = projectName(join(root, 'run-'))
  // A name that was cut does not tell whose it is.
  if (prefix.length >= MAX_NAME) return
  const projects = join(loginDirectory, 'projects')
  const left = (await names(projects)).filter((name) => name.startsWith(prefix))
  await Promise.all(left.map((name) => remove(join(projects, name))))
}
