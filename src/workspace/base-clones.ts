/** The base clones, one for each repository and branch: brought up to date, read by many, removed when long unused. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GatewayError, type Clock, type Observer } from '../core/index.ts'
import { createSharedLock, orAborted } from '../lib/index.ts'
import { createRefreshBase, type FreshBase } from './base-clone.ts'
import { quietEnvironment } from './quiet-git.ts'

/** A base clone is brought up to date at most this often, and given up after that long. */
const FETCH_EVERY_MS = 15_000
const FETCH_LIMIT_MS = 300_000
const UNUSED_MS = 7 * 24 * 60 * 60 * 1000

/** The right to read a base clone, which stays as it is meanwhile. */
export interface BaseReading extends Disposable {
  readonly path: string
  readonly commit: string
  /** It holds commits, too, that do not lead to that one. */
  readonly isRewritten: boolean
}

export interface BaseClone {
  readonly path: string
  readonly repository: string
  /** Of one that is up to date. @throws GatewayError `workspace_failed`, `workspace_unusable`; the signal's reason. */
  readFresh(options: { readonly signal: AbortSignal }): Promise<BaseReading>
}

export interface BaseClones {
  of(source: { readonly repository: string; readonly branch: string | undefined }): BaseClone
  /** Stops what is being fetched. */
  close(): Promise<void>
}

export interface BaseClonesOptions {
  readonly root: string
  readonly maxBytes: number
  readonly env: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly observer: Observer
}

const nameOf = (repository: string, branch: string | undefined): string =>
  createHash('sha256')
    .update(JSON.stringify([repository, branch]))
    .digest('hex')
    .slice(0, 32)

async function removeUnused(directory: string, nowMs: number, observer: Observer): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    try {
      if ((await stat(path)).mtimeMs < nowMs - UNUSED_MS) await rm(path, { recursive: true, force: true })
    } catch (error) {
      observer.observe({ type: 'cleanup-failed', what: 'base clone', error })
    }
  }
}

export async function openBaseClones({ root, maxBytes, env, clock, observer }: BaseClonesOptions): Promise<BaseClones> {
  const directory = join(root, 'base')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await removeUnused(directory, clock.nowMs(), observer)
  const closing = new AbortController()
  const clones = new Map<string, BaseClone>()
  const refreshes = new Set<Promise<unknown>>()

  function create(path: string, repository: string, branch: string | undefined): BaseClone {
    const lock = createSharedLock()
    const quietEnv = quietEnvironment(env)
    const refreshBase = createRefreshBase({
      path,
      scratch: root,
      repository,
      branch,
      maxBytes,
      env,
      quietEnv,
      clock,
      observer,
    })
    let fetchedAtMs = Number.NEGATIVE_INFINITY
    let found: Promise<FreshBase> | undefined

    async function refresh(): Promise<FreshBase> {
      const late = new AbortController()
      using _limit = clock.after(FETCH_LIMIT_MS, () =>
        late.abort(new GatewayError('workspace_failed', 'The repository did not answer in time.')),
      )
      const signal = AbortSignal.any([late.signal, closing.signal])
      using _alone = await lock.write({ signal })
      try {
        return await refreshBase({ signal })
      } finally {
        fetchedAtMs = clock.nowMs()
      }
    }

    let refreshing = false

    /** One refresh at a time, shared by all that wait for it; it goes on when one of them leaves. */
    function upToDate(): Promise<FreshBase> {
      if (found !== undefined && (refreshing || clock.nowMs() - fetchedAtMs < FETCH_EVERY_MS)) return found
      refreshing = true
      const current = refresh()
        .catch((error: unknown) => {
          // What may be better the next time is tried again at once.
          if (!(error instanceof GatewayError && error.code === 'workspace_unusable')) found = undefined
          throw error
        })
        .finally(() => {
          refreshing = false
          refreshes.delete(current)
        })
      current.catch(() => undefined)
      refreshes.add(current)
      found = current
      return current
    }

    return {
      path,
      repository,
      async readFresh({ signal }) {
        for (;;) {
          const awaited = upToDate()
          const { commit, fault, isRewritten } = await orAborted(awaited, signal)
          if (fault !== undefined) throw fault
          const reading = await lock.read({ signal })
          // Another refresh may have come in between.
          if (found === awaited) return { path, commit, isRewritten, [Symbol.dispose]: () => reading[Symbol.dispose]() }
          reading[Symbol.dispose]()
        }
      },
    }
  }

  return {
    of({ repository: wanted, branch }) {
      const repository = existsSync(wanted) ? resolve(wanted) : wanted
      const name = nameOf(repository, branch)
      const clone = clones.get(name) ?? create(join(directory, name), repository, branch)
      clones.set(name, clone)
      return clone
    },
    async close() {
      closing.abort(new GatewayError('shutting_down', 'The server is stopping. Try again shortly.'))
      await Promise.allSettled(refreshes)
    },
  }
}
