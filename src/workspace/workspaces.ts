/**
 * A fresh directory for each run of a doer: a checkout of a repository, cloned from a base clone on the same disk, or an
 * empty directory where there is no repository. Owns everything below its own directory:
 *
 *     base/DIGEST/            the base clones
 *     run-IDENTITY-RANDOM/    one for each run: `checkout`, where it works, and `git`, from which its work is told
 */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, realpath, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError, type Agent, type Changes, type Clock, type Observer, type PushedBranch } from '../core/index.ts'
import { createSerial, isRunning, processIdentity } from '../lib/index.ts'
import { openBaseClones, type BaseClone } from './base-clones.ts'
import { git } from './git.ts'
import { checkPush, pushSnapshot, type PushOptions } from './push.ts'
import { QUIET, quietEnvironment } from './quiet-git.ts'
import { removeTree } from './remove-tree.ts'
import { createRunRepository, type Origin } from './run-repository.ts'
import { watchSize } from './size-watch.ts'
import { sourceOf, type WorkspaceSource } from './source.ts'
import { treeSize } from './tree-size.ts'

const TOO_LARGE = 'The workspace grew larger than VIVAVOCE_WORKSPACE_MAX_MB allows.'

export interface Workspace extends AsyncDisposable {
  /** Absolute, links followed. Disposing of the workspace removes it. */
  readonly directory: string
  /** Aborts with a GatewayError `workspace_unusable` when the workspace grows past its limit. */
  readonly overgrown: AbortSignal
  /**
   * What the run has changed since the checkout: the commits that its HEAD leads to, and as the patch its files as they are,
   * those that are ignored left out. Where there is no repository behind it everything is new. For when the run is over.
   * @throws GatewayError `workspace_failed`, `workspace_unusable`; the signal's reason.
   */
  changes(options: { readonly signal: AbortSignal }): Promise<Changes>
  /**
   * Pushes the work to a branch of the repository, as far as the operator allows it and without force; what is not
   * committed is committed first.
   * @throws GatewayError `workspace_failed`, `workspace_unusable`; the signal's reason.
   */
  push(options: PushOptions): Promise<PushedBranch>
}

export interface Workspaces {
  /**
   * Without a source: the configured repository and branch. The source is the operator's: it may be any path of the machine.
   * @throws GatewayError `workspace_failed`, `workspace_unusable`; the signal's reason when it aborts.
   */
  open(options: { readonly signal: AbortSignal; readonly source?: WorkspaceSource }): Promise<Workspace>
  /** Measures a workspace once more. @throws GatewayError `workspace_unusable` if it is too large; the signal's reason. */
  confirmSize(directory: string, options: { readonly signal: AbortSignal }): Promise<void>
  /** Where an agent works, as its file and the settings have it. */
  sourceOf(agent: Agent): WorkspaceSource
  /** Stops what is being fetched. Workspaces are given back by those who opened them. */
  close(): Promise<void>
}

export interface WorkspacesOptions extends WorkspaceSource {
  /** Where workspaces and base clones are kept. */
  readonly root: string
  /** Of a workspace, and of a base clone. */
  readonly maxBytes: number
  /** The branches that may be pushed; `*` stands for any text. */
  readonly pushBranches: readonly string[]
  /** The environment of git. */
  readonly env: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly observer: Observer
}

/** Removes what servers that are gone left behind; what cannot be removed is tried again at the next start. */
async function sweep(root: string, remove: (directory: string) => Promise<void>): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = /^run-([\d.]+)-/.exec(name)?.[1]
    if (owner !== undefined && !isRunning(owner)) await remove(join(root, name))
  }
}

/** Opens the directory of workspaces and sweeps it. */
export async function openWorkspaces(options: WorkspacesOptions): Promise<Workspaces> {
  const { env, maxBytes, pushBranches, clock, observer } = options
  await mkdir(options.root, { recursive: true, mode: 0o700 })
  // Permission rules are made of this path, and the CLI compares real paths.
  const root = await realpath(options.root)

  async function remove(directory: string): Promise<void> {
    try {
      await removeTree(directory)
    } catch (error) {
      observer.observe({ type: 'cleanup-failed', what: 'workspace', error })
    }
  }

  await sweep(root, remove)
  const bases = await openBaseClones({ root, maxBytes, env, clock, observer })
  const quietEnv = quietEnvironment(env)

  /** Clones the base as it is now into `directory`, and keeps a copy of the index as no run has touched it. */
  async function checkOut(base: BaseClone, directory: string, index: string, signal: AbortSignal): Promise<Origin> {
    using reading = await base.readFresh({ signal })
    // No links to the base and no word of where it is: a run must not find its way back to what others start from.
    // Copied as it is, where all that it holds may be seen; else git looks for what belongs to the branch.
    const way = reading.isRewritten ? ['--no-local'] : ['--local', '--no-hardlinks']
    const apart = [...way, '--template=', '--config', 'core.logAllRefUpdates=false']
    const quiet = { cwd: root, env: quietEnv, signal }
    await git(
      [...QUIET, 'clone', '--quiet', '--no-tags', '--single-branch', ...apart, '--', base.path, directory],
      quiet,
    )
    await git([...QUIET, 'remote', 'remove', 'origin'], { ...quiet, cwd: directory })
    // Of the remote's default branch git leaves a name that leads nowhere.
    await rm(join(directory, '.git', 'refs', 'remotes'), { recursive: true, force: true })
    const made = join(directory, '.git', 'index')
    if (existsSync(made)) {
      await copyFile(made, index)
      // By its time git tells which files may have changed since without showing it.
      const { mtime } = await stat(made)
      await utimes(index, mtime, mtime)
    }
    return { commit: reading.commit, basePath: base.path }
  }

  function open(run: string, base: BaseClone | undefined, origin: Origin | undefined): Workspace {
    const directory = join(run, 'checkout')
    const path = join(run, 'git')
    const repository = createRunRepository({
      path,
      directory,
      index: join(run, 'index'),
      origin,
      env: quietEnv,
      clock,
    })
    const size = watchSize({ directory, maxBytes, clock, observer, message: TOO_LARGE })
    const serial = createSerial()

    return {
      directory,
      overgrown: size.overgrown,
      async changes({ signal }) {
        using _turn = await serial.enter(path, { signal })
        return await repository.changes({ signal })
      },
      async push(push) {
        const { signal } = push
        if (base === undefined || origin === undefined) {
          throw new GatewayError('workspace_unusable', 'There is no repository to push to.')
        }
        checkPush(push.branch, pushBranches)
        using _turn = await serial.enter(path, { signal })
        const snapshot = await repository.snapshot({ signal })
        return await pushSnapshot(snapshot, push, {
          path,
          repository: base.repository,
          from: origin.commit,
          env,
          quietEnv,
        })
      },
      async [Symbol.asyncDispose]() {
        await size[Symbol.asyncDispose]()
        await remove(run)
      },
    }
  }

  return {
    async open({ signal, source: { repository, branch } = options }) {
      signal.throwIfAborted()
      const run = await mkdtemp(join(root, `run-${processIdentity}-`)).catch((cause: unknown) => {
        throw new GatewayError('workspace_failed', 'No workspace could be made for the run.', { cause })
      })
      try {
        const directory = join(run, 'checkout')
        await mkdir(directory)
        const base = repository === undefined ? undefined : bases.of({ repository, branch })
        const origin = base && (await checkOut(base, directory, join(run, 'index'), signal))
        return open(run, base, origin)
      } catch (error) {
        await remove(run)
        throw error
      }
    },
    async confirmSize(directory, { signal }) {
      const bytes = await treeSize(directory, { enoughBytes: maxBytes, signal })
      if (bytes > maxBytes) throw new GatewayError('workspace_unusable', TOO_LARGE)
    },
    sourceOf: (agent) => sourceOf(agent, options),
    close: () => bases.close(),
  }
}
