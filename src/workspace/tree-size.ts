import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '../lib/index.ts'

const AT_ONCE = 32

/** What may be met in a directory that others are writing in, or have written. */
const isOdd = (error: unknown): boolean =>
  hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'ELOOP', 'EINVAL')

/** The larger of what a file says it holds and what it takes on the disk: one with holes counts as if it had none. */
async function sizeOf(path: string): Promise<number> {
  try {
    const { size, blocks } = await lstat(path)
    return Math.max(size, blocks * 512)
  } catch (error) {
    if (isOdd(error)) return 0
    throw error
  }
}

/**
 * How many bytes a directory and all in it take; links are not followed, what vanishes meanwhile counts nothing. Stops
 * counting once there are more than `enoughBytes`.
 */
export async function treeSize(
  directory: string,
  { enoughBytes, signal }: { readonly enoughBytes: number; readonly signal: AbortSignal },
): Promise<number> {
  let bytes = 0
  const directories = [directory]
  for (let next = directories.pop(); next !== undefined; next = directories.pop()) {
    const at = next
    let batch: Promise<number>[] = []
    const count = async (): Promise<void> => {
      for (const size of await Promise.all(batch)) bytes += size
      batch = []
      signal.throwIfAborted()
    }
    try {
      for await (const entry of await opendir(at)) {
        const path = join(at, entry.name)
        if (entry.isDirectory()) directories.push(path)
        batch.push(sizeOf(path))
        if (batch.length >= AT_ONCE) await count()
        if (bytes > enoughBytes) return bytes
      }
    } catch (error) {
      if (!isOdd(error)) throw error
    }
    await count()
    if (bytes > enoughBytes) return bytes
  }
  return bytes
}
