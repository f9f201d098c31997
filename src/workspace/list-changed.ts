/** Which paths of a work tree are not as in the index: found by git, sorted by what they are, without following a link. */
import { chmod, lstat } from 'node:fs/promises'
import { hasCode } from '../lib/index.ts'
import { gitRecords, type GitOptions } from './git.ts'
import { QUIET } from './quiet-git.ts'

const MAX_NAMES_BYTES = 32 * 1024 * 1024
const AT_ONCE = 64

export interface ChangedPaths {
  /** Files and links that are there, and paths at which nothing is. */
  readonly present: readonly Buffer[]
  /** Where something is that git does not keep (a pipe, a socket, a directory), and what only a link leads to. */
  readonly other: readonly Buffer[]
  /** Of the largest file. */
  readonly largestBytes: number
}

interface WorkTree {
  readonly gitDirectory: string
  readonly directory: string
}

/** Tells of a path whether one of the directories on the way to it is a link; each directory is looked at once. */
function createLinkCheck(directory: string): (path: Buffer) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>()

  async function isBeyond(path: Buffer): Promise<boolean> {
    const slash = path.lastIndexOf('/')
    if (slash < 0) return false
    const parent = path.subarray(0, slash)
    const key = parent.toString('latin1')
    const found = known.get(key) ?? look(parent)
    known.set(key, found)
    return await found
  }

  async function look(parent: Buffer): Promise<boolean> {
    if (await isBeyond(parent)) return true
    try {
      return (await lstat(Buffer.concat([Buffer.from(`${directory}/`), parent]))).isSymbolicLink()
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG', 'ELOOP')) return false
      throw error
    }
  }

  return isBeyond
}

async function kindOf(
  path: Buffer,
): Promise<{ readonly kind: 'present' | 'other' | 'hidden'; readonly bytes: number }> {
  try {
    const stats = await lstat(path)
    // A run may take away our right to read its files.
    if (stats.isFile() && (stats.mode & 0o400) === 0) await chmod(path, (stats.mode & 0o777) | 0o400)
    const isKept = stats.isFile() || stats.isSymbolicLink()
    return { kind: isKept ? 'present' : 'other', bytes: stats.isFile() ? stats.size : 0 }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return { kind: 'present', bytes: 0 }
    // In a directory that we may not look into: as far as can be seen it is as it was.
    if (hasCode(error, 'EACCES', 'EPERM')) return { kind: 'hidden', bytes: 0 }
    if (hasCode(error, 'ENAMETOOLONG', 'ELOOP')) return { kind: 'other', bytes: 0 }
    throw error
  }
}

/**
 * Of a work tree in which nothing makes git wait (`disarm`).
 * @param more paths that are looked at whatever the index and the ignore files say of them.
 * @returns `undefined` where there are too many.
 */
export async function listChanged(
  { gitDirectory, directory }: WorkTree,
  more: readonly Buffer[],
  options: Pick<GitOptions, 'env' | 'signal'>,
): Promise<ChangedPaths | undefined> {
  const paths = new Map<string, Buffer>()
  let bytes = 0
  const add = (path: Buffer): boolean => {
    bytes += path.length
    paths.set(path.toString('latin1'), path)
    return bytes <= MAX_NAMES_BYTES
  }
  if (!more.every(add)) return undefined
  const tree = [`--git-dir=${gitDirectory}`, '--work-tree=.']
  const args = [...tree, 'ls-files', '-z', '--others', '--exclude-standard', '--modified']
  await gitRecords([...QUIET, ...args], { ...options, cwd: directory }, add)
  if (bytes > MAX_NAMES_BYTES) return undefined
  const present: Buffer[] = []
  const other: Buffer[] = []
  let largestBytes = 0
  const all = [...paths.values()]
  const isBeyondLink = createLinkCheck(directory)
  const look = async (path: Buffer): Promise<Awaited<ReturnType<typeof kindOf>>> =>
    (await isBeyondLink(path))
      ? { kind: 'other', bytes: 0 }
      : await kindOf(Buffer.concat([Buffer.from(`${directory}/`), path]))
  for (let at = 0; at < all.length; at += AT_ONCE) {
    options.signal.throwIfAborted()
    const batch = all.slice(at, at + AT_ONCE)
    const kinds = await Promise.all(batch.map(look))
    for (const [index, { kind, bytes: size }] of kinds.entries()) {
      const path = batch[index] ?? Buffer.alloc(0)
      if (kind === 'present') present.push(path)
      if (kind === 'other') other.push(path)
      largestBytes = Math.max(largestBytes, size)
    }
  }
  return { present, other, largestBytes }
}
