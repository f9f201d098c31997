/** The base clone: one bare copy of the repository on our disk, from which workspaces are made. */
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { processIdentity } from '../lib/index.ts'
import { git } from './git.ts'

export interface BaseCloneOptions {
  /** The directory it is kept in, under the name `base`. */
  readonly root: string
  readonly repository: string
  readonly env: Readonly<Record<string, string>>
}

export interface BaseClone {
  readonly path: string
  /** Brings it up to date, from nothing if need be. @throws GatewayError `workspace_failed`; the signal's reason. */
  refresh(options: { readonly signal: AbortSignal }): Promise<void>
}

export function createBaseClone({ root, repository, env }: BaseCloneOptions): BaseClone {
  const path = join(root, 'base')

  const isOfRepository = async (signal: AbortSignal): Promise<boolean> => {
    const origin = await git(['-C', path, 'config', '--get', 'remote.origin.url'], { env, signal }).catch(() => '')
    signal.throwIfAborted()
    return origin === repository
  }

  async function make(signal: AbortSignal): Promise<void> {
    const half = await mkdtemp(join(root, `run-${processIdentity}-base-`))
    try {
      // Objects are copied, not linked: what damages ours must not damage the repository.
      await git(['clone', '--quiet', '--bare', '--no-hardlinks', '--', repository, half], { env, signal })
      await rename(half, path)
    } finally {
      await rm(half, { recursive: true, force: true })
    }
  }

  /** A fetch leaves HEAD alone, but the repository's default branch may have another name by now. */
  async function followHead(signal: AbortSignal): Promise<void> {
    const heads = await git(['-C', path, 'ls-remote', '--symref', 'origin', 'HEAD'], { env, signal })
    const branch = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(heads)?.[1]
    if (branch !== undefined) await git(['-C', path, 'symbolic-ref', 'HEAD', branch], { env, signal })
  }

  return {
    path,
    async refresh({ signal }) {
      if (existsSync(path) && !(await isOfRepository(signal))) await rm(path, { recursive: true, force: true })
      if (!existsSync(path)) {
        await make(signal)
        return
      }
      await git(
        ['-C', path, '-c', 'gc.auto=0', 'fetch', '--quiet', '--prune', 'origin', '+refs/heads/*:refs/heads/*'],
        { env, signal },
      )
      await followHead(signal)
    },
  }
}
