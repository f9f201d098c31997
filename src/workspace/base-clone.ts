/** The base clone: a bare copy of one branch of a repository on our disk, from which workspaces are made. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError, isBranchName, type Clock, type Observer } from '../core/index.ts'
import { processIdentity } from '../lib/index.ts'
import { noteNewest } from './base-history.ts'
import { gitConfig } from './git-config.ts'
import { git, runGit } from './git.ts'
import { inspectCommit, type InspectedCommit } from './inspect-commit.ts'
import { QUIET } from './quiet-git.ts'
import { watchSize } from './size-watch.ts'
import { treeSize } from './tree-size.ts'

/** Git finds no bare repository by itself where the operator's configuration forbids it. */
const HERE = '--git-dir=.'
const MEASURE_EVERY_MS = 500
const TOO_LARGE = 'The repository is larger than VIVAVOCE_WORKSPACE_MAX_MB allows.'
const UNREACHABLE = 'The repository cannot be reached, or does not exist.'

/** Repositories that git refuses for a reason that its operator can act on, by git's words (2.36, 2.39). */
const REFUSALS: readonly (readonly [words: RegExp, message: string])[] = [
  [
    /dubious ownership|unsafe repository/,
    'The repository belongs to another user of the server’s machine. Change its owner, or add its path to `safe.directory` in the git configuration of the server’s user.',
  ],
  [
    /mismatched algorithms/,
    'The repository has SHA-256 object ids, which workspaces do not support. Use a copy of it with SHA-1 object ids.',
  ],
]

/** The failure in words that name the cause, where git's words tell it. */
function named(failure: unknown): unknown {
  if (!(failure instanceof GatewayError)) return failure
  const { words } = failure.details
  const message = REFUSALS.find(([pattern]) => pattern.test(String(words)))?.[1]
  return message === undefined
    ? failure
    : new GatewayError('workspace_unusable', message, { cause: failure, details: failure.details })
}

export interface BaseCloneOptions {
  /** Where it is kept, absolute. */
  readonly path: string
  /** Where what is half made is kept. */
  readonly scratch: string
  readonly repository: string
  /** Absent: the repository's default branch, whichever that is. */
  readonly branch: string | undefined
  readonly maxBytes: number
  /** Of git where it speaks with the repository, and where it does not. */
  readonly env: Readonly<Record<string, string>>
  readonly quietEnv: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly observer: Observer
}

export interface FreshBase extends InspectedCommit {
  /** It holds commits, too, that the branch does not lead to any more. */
  readonly isRewritten: boolean
}

/**
 * Brings the clone up to date, from nothing if need be, and says what it holds. Nobody else uses it meanwhile.
 * @throws GatewayError `workspace_failed`, `workspace_unusable`; the signal's reason.
 */
export type RefreshBase = (options: { readonly signal: AbortSignal }) => Promise<FreshBase>

/** What git leaves when it is killed; the next one would stumble over it. */
async function removeRemains(path: string): Promise<void> {
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (/\.lock$|^tmp_|^index-/.test(entry.name)) {
      await rm(join(entry.parentPath, entry.name), { recursive: true, force: true })
    }
  }
}

export function createRefreshBase(options: BaseCloneOptions): RefreshBase {
  const { path, scratch, repository, branch, maxBytes, env, quietEnv, clock, observer } = options
  let inspected: InspectedCommit | undefined
  let mayHaveRemains = true

  const noBranch = (): GatewayError =>
    new GatewayError('workspace_unusable', `The branch \`${branch}\` does not exist in the repository.`)

  const noCommit = (): GatewayError =>
    new GatewayError('workspace_failed', 'The repository has no commit on its default branch yet.')

  /** What is fetched, and the branch of ours that it becomes. */
  async function wanted(cwd: string, signal: AbortSignal): Promise<{ readonly from: string; readonly to: string }> {
    if (branch !== undefined) return { from: `refs/heads/${branch}`, to: `refs/heads/${branch}` }
    const told = await git([HERE, 'ls-remote', '--symref', 'origin', 'HEAD'], {
      cwd,
      env,
      signal,
      failure: UNREACHABLE,
    })
    if (!/^[\da-f]{40,64}\tHEAD$/m.test(told)) throw noCommit()
    const name = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(told)?.[1]
    return name !== undefined && isBranchName(name)
      ? { from: `refs/heads/${name}`, to: `refs/heads/${name}` }
      : { from: 'HEAD', to: 'refs/heads/main' }
  }

  const configure = async (cwd: string, refspecs: readonly string[]): Promise<void> =>
    writeFile(
      join(cwd, 'config'),
      gitConfig([
        ['core.repositoryformatversion', '0'],
        ['core.bare', 'true'],
        ['remote.origin.url', repository],
        ...refspecs.map((refspec) => ['remote.origin.fetch', refspec] as const),
      ]),
    )

  /** Makes `to` the branch that is cloned, and the only one: branches of other names may stand in its way. */
  async function follow(cwd: string, to: string): Promise<void> {
    const head = `ref: ${to}\n`
    if ((await readFile(join(cwd, 'HEAD'), 'utf8')) === head) return
    await rm(join(cwd, 'refs', 'heads'), { recursive: true, force: true })
    await rm(join(cwd, 'packed-refs'), { force: true })
    await mkdir(join(cwd, 'refs', 'heads'))
    await writeFile(join(cwd, 'HEAD'), head)
  }

  /** Why there was nothing to fetch: no such branch, or no way to the repository. */
  async function reasonOf(failure: unknown, cwd: string, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted()
    if (branch === undefined) return failure
    let isThere = false
    let last = ''
    await runGit([HERE, 'ls-remote', '--heads', 'origin'], { cwd, env, signal, failure: UNREACHABLE }, (piece) => {
      const lines = (last + piece.toString('utf8')).split('\n')
      isThere ||= lines.some((line) => line.endsWith(`\trefs/heads/${branch}`))
      last = lines.at(-1) || (lines.at(-2) ?? '')
      return !isThere
    })
    if (last === '') return noCommit()
    return isThere ? failure : noBranch()
  }

  async function fetchInto(cwd: string, signal: AbortSignal): Promise<void> {
    await configure(cwd, [])
    const { from, to } = await wanted(cwd, signal)
    await follow(cwd, to)
    await configure(cwd, [`+${from}:${to}`])
    const apart = ['-c', 'gc.auto=0', '-c', 'core.hooksPath=/dev/null', '-c', 'fetch.recurseSubmodules=false']
    try {
      // Without `--update-shallow` git takes no branch of a shallow clone.
      const how = ['--quiet', '--no-tags', '--no-write-fetch-head', '--update-shallow']
      await git([HERE, ...apart, 'fetch', ...how, 'origin'], {
        cwd,
        env,
        signal,
        failure: UNREACHABLE,
      })
    } catch (error) {
      throw await reasonOf(error, cwd, signal)
    }
  }

  /** Ends the fetch once the clone is larger than it may be. */
  async function fetchWithin(cwd: string, signal: AbortSignal): Promise<FreshBase> {
    await using watch = watchSize({
      directory: cwd,
      maxBytes,
      everyMs: MEASURE_EVERY_MS,
      message: TOO_LARGE,
      clock,
      observer,
    })
    try {
      await fetchInto(cwd, AbortSignal.any([signal, watch.overgrown]))
    } catch (error) {
      throw named(error)
    }
    const quiet = { cwd, env: quietEnv, signal }
    const commit = await git([HERE, ...QUIET, 'rev-parse', '--verify', 'HEAD^{commit}'], quiet)
    const isRewritten = await noteNewest(commit, cwd !== path, quiet)
    const found = commit === inspected?.commit ? inspected : await inspectCommit(commit, quiet)
    const bytes = found.bytes + (await treeSize(cwd, { enoughBytes: maxBytes, signal }))
    if (bytes > maxBytes) throw new GatewayError('workspace_unusable', TOO_LARGE)
    inspected = found
    return { ...found, isRewritten }
  }

  async function make(signal: AbortSignal): Promise<FreshBase> {
    const half = await mkdtemp(join(scratch, `run-${processIdentity}-base-`))
    try {
      await git([...QUIET, 'init', '--quiet', '--bare', '--template='], { cwd: half, env: quietEnv, signal })
      const found = await fetchWithin(half, signal)
      await rename(half, path)
      return found
    } finally {
      await rm(half, { recursive: true, force: true })
    }
  }

  return async ({ signal }) => {
    if (branch !== undefined && !isBranchName(branch)) throw noBranch()
    if (!existsSync(path)) return await make(signal)
    if (mayHaveRemains) await removeRemains(path)
    mayHaveRemains = true
    const found = await fetchWithin(path, signal)
    mayHaveRemains = false
    await utimes(path, clock.nowMs() / 1000, clock.nowMs() / 1000)
    return found
  }
}
