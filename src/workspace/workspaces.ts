/**
 * A fresh directory for each run of a doer: a checkout of the configured repository, cloned from a base clone on the same
 * disk, or an empty directory where none is configured. Owns everything below its own directory.
 */
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GatewayError, type Clock, type Observer } from '../core/index.ts'
import { hasCode, isRunning, orAborted, processIdentity } from '../lib/index.ts'
import { createBaseClone, type BaseClone } from './base-clone.ts'
import { git } from './git.ts'

/** The base clone is brought up to date at most this often, and given up after that long. */
const FETCH_EVERY_MS = 15_000
const FETCH_LIMIT_MS = 300_000

export interface Workspace extends AsyncDisposable {
  /** Absolute, links followed. Disposing of the workspace removes it. */
  readonly directory: string
}

export interface Workspaces {
  /** @throws GatewayError `workspace_failed`; the signal's reason when it aborts. */
  open(options: { readonly signal: AbortSignal }): Promise<Workspace>
  /** Stops what is being fetched. Workspaces are given back by those who opened them. */
  close(): Promise<void>
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

/** Removes a directory whatever a run has done to it; links in it are removed, not followed. */
async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM')) throw error
    // A run may take away our right to list or empty its directories.
    await openUp(directory)
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function openUp(directory: string): Promise<void> {
  await chmod(directory, 0o700)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await openUp(join(directory, entry.name))
  }
}

/** Removes what servers that are gone left behind. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = /^run-([\d.]+)-/.exec(name)?.[1]
    if (owner !== undefined && !isRunning(owner)) await removeTree(join(root, name))
  }
}

/** Opens the directory of workspaces and sweeps it. */
export async function openWorkspaces(options: WorkspacesOptions): Promise<Workspaces> {
  const { branch, env, clock, observer } = options
  await mkdir(options.root, { recursive: true, mode: 0o700 })
  // Permission rules are made of this path, and the CLI compares real paths.
  const root = await realpath(options.root)
  await sweep(root)
  const wanted = options.repository
  const repository = wanted !== undefined && existsSync(wanted) ? resolve(wanted) : wanted
  const base = repository === undefined ? undefined : createBaseClone({ root, repository, env })
  const closing = new AbortController()
  let fetchedAtMs = Number.NEGATIVE_INFINITY
  let refreshing: Promise<void> | undefined

  async function refresh(of: BaseClone): Promise<void> {
    const late = new AbortController()
    using _limit = clock.after(FETCH_LIMIT_MS, () =>
      late.abort(new GatewayError('workspace_failed', 'The repository did not answer in time.')),
    )
    await of.refresh({ signal: AbortSignal.any([late.signal, closing.signal]) })
    fetchedAtMs = clock.nowMs()
  }

  /** One refresh at a time, shared by all that wait for it; it goes on when one of them leaves. */
  async function upToDate(of: BaseClone, signal: AbortSignal): Promise<void> {
    if (refreshing === undefined && clock.nowMs() - fetchedAtMs < FETCH_EVERY_MS) return
    refreshing ??= refresh(of).finally(() => {
      refreshing = undefined
    })
    await orAborted(refreshing, signal)
  }

  async function checkOut(of: BaseClone, directory: string, signal: AbortSignal): Promise<void> {
    const which = branch === undefined ? [] : ['--branch', branch]
    // No links to the base and no word of where it is: a run must not find its way back to what others start from.
    const apart = ['--no-hardlinks', '--config', 'core.logAllRefUpdates=false']
    await git(['clone', '--quiet', '--local', ...apart, '--single-branch', ...which, '--', of.path, directory], {
      env,
      signal,
    })
    await git(['-C', directory, 'remote', 'remove', 'origin'], { env, signal })
    await git(['-C', directory, 'rev-parse', '--quiet', '--verify', 'HEAD'], { env, signal })
  }

  return {
    async open({ signal }) {
      signal.throwIfAborted()
      const directory = await mkdtemp(join(root, `run-${processIdentity}-`)).catch((cause: unknown) => {
        throw new GatewayError('workspace_failed', 'No workspace could be made for the run.', { cause })
      })
      const remove = async (): Promise<void> => {
        try {
          await removeTree(directory)
        } catch (error) {
          observer.observe({ type: 'cleanup-failed', what: 'workspace', error })
        }
      }
      try {
        if (base !== undefined) {
          await upToDate(base, signal)
          await checkOut(base, directory, signal)
        }
      } catch (error) {
        await remove()
        throw error
      }
      return { directory, [Symbol.asyncDispose]: remove }
    },
    async close() {
      closing.abort(new GatewayError('shutting_down', 'The server is stopping. Try again shortly.'))
      await refreshing?.catch(() => undefined)
    },
  }
}
