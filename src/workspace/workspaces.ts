/**
 * A fresh directory for each run of a doer: a checkout of the configured repository, cloned from a base clone on the same
 * disk, or an empty directory where none is configured. Owns everything below its own directory.
 */
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Clock, Observer } from '../core/index.ts'
import { isAlive } from '../lib/index.ts'
import { git } from './git.ts'

/** The base clone is brought up to date at most this often. */
const FETCH_EVERY_MS = 15_000

export interface Workspace extends AsyncDisposable {
  /** Absolute. Disposing of the workspace removes it. */
  readonly directory: string
}

export interface Workspaces {
  /** @throws GatewayError `workspace_failed`; the signal's reason when it aborts. */
  open(options: { readonly signal: AbortSignal }): Promise<Workspace>
}

export interface WorkspacesOptions {
  /** Where workspaces and the base clone are kept. */
  readonly root: string
  readonly repository: string | undefined
  readonly branch: string | undefined
  /** The environment of git. */
  readonly env: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly observer: Observer
}

const exists = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  )

/** Removes what servers that are gone left behind. A leftover under our own id is from before us. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = Number(/^run-(\d+)-/.exec(name)?.[1])
    if (pid > 0 && (pid === process.pid || !isAlive(pid))) await rm(join(root, name), { recursive: true, force: true })
  }
}

/** Opens the directory of workspaces and sweeps it. */
export async function openWorkspaces(options: WorkspacesOptions): Promise<Workspaces> {
  const { root, branch, env, clock, observer } = options
  const repository =
    options.repository === undefined
      ? undefined
      : (await exists(options.repository))
        ? resolve(options.repository)
        : options.repository
  await mkdir(root, { recursive: true, mode: 0o700 })
  await sweep(root)
  const base = join(root, 'base')
  let fetchedAtMs = Number.NEGATIVE_INFINITY
  let refreshing: Promise<void> | undefined

  async function refresh(from: string): Promise<void> {
    if (
      (await exists(base)) &&
      (await git(['-C', base, 'config', '--get', 'remote.origin.url'], { env }).catch(() => '')) !== from
    ) {
      await rm(base, { recursive: true, force: true })
    }
    if (await exists(base)) {
      await git(
        ['-C', base, '-c', 'gc.auto=0', 'fetch', '--quiet', '--prune', 'origin', '+refs/heads/*:refs/heads/*'],
        { env },
      )
    } else {
      const half = await mkdtemp(join(root, `run-${process.pid}-base-`))
      try {
        await git(['clone', '--quiet', '--bare', '--', from, half], { env })
        await rename(half, base)
      } finally {
        await rm(half, { recursive: true, force: true })
      }
    }
    fetchedAtMs = clock.nowMs()
  }

  /** One refresh at a time, shared by all that wait for it; it goes on when one of them leaves. */
  async function upToDate(from: string, signal: AbortSignal): Promise<void> {
    if (refreshing === undefined && clock.nowMs() - fetchedAtMs < FETCH_EVERY_MS) return
    refreshing ??= refresh(from).finally(() => {
      refreshing = undefined
    })
    await refreshing
    signal.throwIfAborted()
  }

  return {
    async open({ signal }) {
      signal.throwIfAborted()
      if (repository !== undefined) await upToDate(repository, signal)
      const directory = await mkdtemp(join(root, `run-${process.pid}-`))
      const remove = async (): Promise<void> => {
        try {
          await rm(directory, { recursive: true, force: true, maxRetries: 3 })
        } catch (error) {
          observer.observe({ type: 'cleanup-failed', what: 'workspace', error })
        }
      }
      try {
        if (repository !== undefined) {
          await git(
            [
              'clone',
              '--quiet',
              '--local',
              '--single-branch',
              ...(branch === undefined ? [] : ['--branch', branch]),
              '--',
              base,
              directory,
            ],
            { env, signal },
          )
          // The base is shared: a run must not find its way back to it.
          await git(['-C', directory, 'remote', 'remove', 'origin'], { env, signal })
        }
      } catch (error) {
        await remove()
        throw error
      }
      return { directory, [Symbol.asyncDispose]: remove }
    },
  }
}
