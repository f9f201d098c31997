import { constants } from 'node:fs'
import { chmod, open, readlink } from 'node:fs/promises'
import { hasCode } from '../lib/index.ts'

/** Linux: what is opened is the place, which takes no right to read it. */
const O_PATH = 0o10_000_000
const PLACE = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * Gives us back the right to list, enter and empty a directory that a run took away. A run may still be about, and put a
 * link on the way to what is not its own: the directory is held, and must be where it was said to be.
 * @param directory absolute, without links.
 * @returns whether it could be done.
 */
export async function openUp(directory: Buffer): Promise<boolean> {
  try {
    await using place = await open(directory, PLACE)
    const held = `/proc/self/fd/${place.fd}`
    if (!(await readlink(held, 'buffer')).equals(directory)) return false
    await chmod(held, ((await place.stat()).mode & 0o777) | 0o700)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG', 'EINVAL')) return false
    throw error
  }
}

/** Does what takes a right to a directory, once more with the right given back if it was not there. */
export async function withRightTo<T>(directory: Buffer, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM') || !(await openUp(directory))) throw error
    return await task()
  }
}
