/** Brings what a run has made to a branch of its repository. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError, mayPush, type PushedBranch } from '../core/index.ts'
import { gitConfig } from './git-config.ts'
import { git, runGit, type GitOptions } from './git.ts'
import { QUIET } from './quiet-git.ts'
import type { Snapshot } from './run-repository.ts'

/** The part of git's words that tells what became of the branch. */
const MAX_REPORT_CHARS = 10_000
const HERE = '--git-dir=.'

export interface PushOptions {
  readonly branch: string
  readonly message: string
  readonly signal: AbortSignal
}

interface Pushing {
  /** The repository of ours that holds the snapshot. */
  readonly path: string
  readonly repository: string
  /** The commit of the checkout. */
  readonly from: string
  /** Of git where it speaks with the repository, and where it does not. */
  readonly env: Readonly<Record<string, string>>
  readonly quietEnv: Readonly<Record<string, string>>
}

const unusable = (message: string, details?: Readonly<Record<string, unknown>>): GatewayError =>
  new GatewayError('workspace_unusable', message, details === undefined ? {} : { details })

/** @throws GatewayError `workspace_unusable` where the operator does not allow it. */
export function checkPush(branch: string, patterns: readonly string[]): void {
  if (!mayPush(branch, patterns)) throw unusable('The server does not allow that branch to be pushed.')
}

/** The name of a setting of git's that the operator made, or what stands in for it. */
async function identity(env: Readonly<Record<string, string>>, options: Pick<GitOptions, 'cwd' | 'signal'>) {
  const own = async (name: string): Promise<string> => {
    try {
      return await git([HERE, 'config', '--get', name], { ...options, env })
    } catch (error) {
      options.signal.throwIfAborted()
      if (error instanceof GatewayError && error.details['exitCode'] === 1) return ''
      throw error
    }
  }
  const name = await own('user.name')
  if (name === '') return { name: 'vivavoce', address: 'vivavoce@localhost' }
  return { name, address: (await own('user.email')) || 'vivavoce@localhost' }
}

/** The commit that holds the files as they are: the run's newest, or one made on top of it. */
async function commitOf(snapshot: Snapshot, message: string, signal: AbortSignal, pushing: Pushing): Promise<string> {
  const { path, env, quietEnv, from } = pushing
  if (snapshot.tree === undefined) throw unusable('The run left more files than can be pushed.')
  const quiet = { cwd: path, env: quietEnv, signal, failure: 'The work could not be committed.' }
  const parent = snapshot.head ?? from
  if ((await git([HERE, ...QUIET, 'rev-parse', `${parent}^{tree}`], quiet)) === snapshot.tree) return parent
  const { name, address } = await identity(env, { cwd: path, signal })
  const author = {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: address,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: address,
  }
  return await git([HERE, ...QUIET, 'commit-tree', snapshot.tree, '-p', parent, '-F', '-'], {
    ...quiet,
    env: { ...quietEnv, ...author },
    input: Buffer.from(message.trim() === '' ? 'Work of an agent' : message),
  })
}

/** Why the repository did not take it, as git reports it with `--porcelain`. */
function refusal(report: string, branch: string, failure: unknown): unknown {
  const line = /^!\t.*$/m.exec(report)?.[0]
  if (line === undefined) return failure
  const details = { report: line }
  return /\[rejected\]/.test(line)
    ? unusable(`The branch \`${branch}\` exists and has other commits.`, details)
    : unusable(`The repository does not take the branch \`${branch}\`.`, details)
}

/**
 * Never forced: a branch that exists is only gone on from.
 * @throws GatewayError `workspace_unusable`, `workspace_failed`; the signal's reason.
 */
export async function pushSnapshot(
  snapshot: Snapshot,
  { branch, message, signal }: PushOptions,
  pushing: Pushing,
): Promise<PushedBranch> {
  const { path, repository, env } = pushing
  const commit = await commitOf(snapshot, message, signal, pushing)
  // The name of the branch is a caller's, so it is no argument.
  await writeFile(
    join(path, 'config'),
    gitConfig([
      ['core.repositoryformatversion', '0'],
      ['core.bare', 'true'],
      ['remote.origin.url', repository],
      ['remote.origin.push', `${commit}:refs/heads/${branch}`],
    ]),
  )
  let report = ''
  const apart = ['-c', 'core.hooksPath=/dev/null', '-c', 'push.followTags=false', '-c', 'push.recurseSubmodules=no']
  try {
    await runGit(
      [HERE, ...apart, 'push', '--porcelain', '--no-verify', 'origin'],
      { cwd: path, env, signal, failure: 'The repository cannot be reached, or does not let this server push.' },
      (piece) => {
        report = (report + piece.toString('utf8')).slice(0, MAX_REPORT_CHARS)
        return true
      },
    )
  } catch (error) {
    signal.throwIfAborted()
    throw refusal(report, branch, error)
  }
  return { branch, commit }
}
