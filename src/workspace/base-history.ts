/**
 * Whether a base clone holds commits that its branch does not lead to any more: its history was written anew, or another
 * branch is followed. Kept in a file of it, for its life: the newest commit that it had, and the word that it is so.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'
import { git, type GitOptions } from './git.ts'
import { QUIET } from './quiet-git.ts'

const FILE = 'newest-commit'

type Options = Pick<GitOptions, 'cwd' | 'env' | 'signal'>

async function kept(cwd: string): Promise<string | undefined> {
  try {
    return await readFile(join(cwd, FILE), 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

async function isAncestor(older: string, newer: string, options: Options): Promise<boolean> {
  if (older === newer) return true
  try {
    await git(['--git-dir=.', ...QUIET, 'merge-base', '--is-ancestor', older, newer], options)
    return true
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof GatewayError && error.code === 'workspace_failed') return false
    throw error
  }
}

/** Notes what the clone in `cwd` has come to, and says whether it holds more than that leads to. */
export async function noteNewest(commit: string, isNew: boolean, options: Options): Promise<boolean> {
  const before = isNew ? `${commit}\n` : ((await kept(options.cwd)) ?? '')
  const [, older, mark] = /^([\da-f]{40,64})( rewritten)?\n$/.exec(before) ?? []
  const isRewritten = older === undefined || mark !== undefined || !(await isAncestor(older, commit, options))
  await writeFile(join(options.cwd, FILE), isRewritten ? `${commit} rewritten\n` : `${commit}\n`)
  return isRewritten
}
