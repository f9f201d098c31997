/** Makes a workspace one that git can look at without being held up or led out of it. */
import type { Dir } from 'node:fs'
import { mkdtemp, opendir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '../lib/index.ts'
import { withRightTo } from './open-up.ts'

/** In a directory with a longer path there may be what no path can say, for us that is; git's are shorter. */
const MAX_PATH_BYTES = 4095 - 1 - 255
const SLASH = Buffer.from('/')

const isAbsent = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')

async function entriesOf(directory: Buffer): Promise<Dir | readonly never[]> {
  try {
    // Names are bytes, not text.
    return await withRightTo(directory, () => opendir(directory, { encoding: 'latin1' }))
  } catch (error) {
    // What we may not look into git may not either.
    if (isAbsent(error) || hasCode(error, 'EACCES', 'EPERM')) return []
    throw error
  }
}

/**
 * Takes out of a workspace what git would not keep, and might open: pipes, sockets and devices, for which it waits where
 * they have the name of an ignore or attributes file; what makes a repository of a directory (`.git`, wherever it leads),
 * in which it reads HEAD and more; directories that are too deep. The workspace's own `.git` stays.
 * @param directory absolute, without links.
 * @param out where a directory for it is made, the beginning of its path; on the same file system.
 */
export async function disarm(
  directory: string,
  { out, signal }: { readonly out: string; readonly signal: AbortSignal },
): Promise<void> {
  const top = Buffer.from(directory)
  let place: string | undefined
  let taken = 0

  async function take(path: Buffer, parent: Buffer): Promise<void> {
    place ??= await mkdtemp(out)
    const to = join(place, String(taken++))
    try {
      // To move a directory takes a right to it as well.
      await withRightTo(path, () => withRightTo(parent, () => rename(path, to)))
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
  }

  const directories = [top]
  for (let at = directories.pop(); at !== undefined; at = directories.pop()) {
    signal.throwIfAborted()
    for await (const entry of await entriesOf(at)) {
      const path = Buffer.concat([at, SLASH, Buffer.from(entry.name, 'latin1')])
      const isRepository = entry.name === '.git'
      if (isRepository && at === top) continue
      const isKept = entry.isFile() || entry.isSymbolicLink() || entry.isDirectory()
      if (isRepository || !isKept || (entry.isDirectory() && path.length > MAX_PATH_BYTES)) await take(path, at)
      else if (entry.isDirectory()) directories.push(path)
    }
  }
}
