/** A repository of git and workspaces of it, in a directory of their own. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openWorkspaces, type Workspaces } from '../../src/workspace/index.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'

const IDENTITY = ['-c', 'user.name=Тест', '-c', 'user.email=t@example.com']

/** Runs git as somebody would by hand. */
export const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', cwd, ...IDENTITY, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

export type Files = Readonly<Record<string, string | Uint8Array>>

export async function write(directory: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), content)
  }
}

export interface WorkspaceStage extends AsyncDisposable {
  readonly directory: string
  readonly repository: string
  /** Of the workspaces. */
  readonly root: string
  readonly clock: ManualClock
  readonly workspaces: Workspaces
  /** What was observed. */
  readonly observed: unknown[]
  /** Writes files in the repository and commits them; answers with the id. */
  commit(files: Files): Promise<string>
  /** Workspaces on the same directory, opened anew. */
  reopen(options?: StageOptions): Promise<Workspaces>
}

export interface StageOptions {
  readonly maxBytes?: number
  readonly pushBranches?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly repository?: string | undefined
  readonly branch?: string
  readonly files?: Files
}

export async function openWorkspaceStage(options: StageOptions = {}): Promise<WorkspaceStage> {
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-workspaces-'))
  const repository = join(directory, 'repository')
  const root = join(directory, 'workspaces')
  const clock = createManualClock()
  const observed: unknown[] = []
  const commit = async (files: Files): Promise<string> => {
    await write(repository, files)
    git(repository, 'add', '-A')
    git(repository, 'commit', '-q', '--allow-empty', '-m', 'more')
    return git(repository, 'rev-parse', 'HEAD')
  }
  execFileSync('git', ['init', '-q', '-b', 'main', repository])
  await commit({ 'a.txt': 'one\n', ...options.files })
  const reopen = (more: StageOptions = {}): Promise<Workspaces> => {
    const { maxBytes = 100 * 1024 * 1024, pushBranches = [], env = {}, branch, ...rest } = { ...options, ...more }
    return openWorkspaces({
      root,
      repository: 'repository' in rest ? rest.repository : repository,
      branch,
      maxBytes,
      pushBranches,
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
      clock,
      observer: { observe: (observation) => observed.push(observation) },
    })
  }
  const workspaces = await reopen()
  return {
    directory,
    repository,
    root,
    clock,
    workspaces,
    observed,
    commit,
    reopen,
    async [Symbol.asyncDispose]() {
      await workspaces.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
