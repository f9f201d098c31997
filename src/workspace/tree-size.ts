import type { Dir } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { hasCode } from '../lib/index.ts'
import { withRightTo } from './open-up.ts'

const AT_ONCE = 32
/** Several times what a large project has with all that it installs. A measurement looks at no more. */
const MAX_ENTRIES = 500_000
/** An entry that holds nothing takes something too. */
const ENTRY_BYTES = 4096
const SLASH = Buffer.from('/')

/** What is gone counts nothing; what is there and cannot be measured is more than any limit. */
function unmeasured(error: unknown): number {
  if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return 0
  if (hasCode(error, 'EACCES', 'EPERM', 'ENAMETOOLONG')) return Infinity
  throw error
}

/** The larger of what a file says it holds and what it takes on the disk: one with holes counts as if it had none. */
async function sizeOf(path: Buffer, parent: Buffer): Promise<number> {
  try {
    const { size, blocks } = await withRightTo(parent, () => lstat(path))
    return Math.max(size, blocks * 512, ENTRY_BYTES)
  } catch (error) {
    return unmeasured(error)
  }
}

/**
 * How many bytes a directory and all in it take; links are not followed, what vanishes meanwhile counts nothing, and what
 * cannot be looked into is infinitely large, as are more than `maxEntries` files and directories. Stops counting once there are
 * more than `enoughBytes`.
 * @param directory absolute, without links.
 */
export async function treeSize(
  directory: string,
  {
    enoughBytes,
    maxEntries = MAX_ENTRIES,
    signal,
  }: { readonly enoughBytes: number; readonly maxEntries?: number; readonly signal: AbortSignal },
): Promise<number> {
  let bytes = 0
  let count = 0
  const directories = [Buffer.from(directory)]
  for (let at = directories.pop(); at !== undefined; at = directories.pop()) {
    const parent = at
    let batch: Promise<number>[] = []
    const add = async (): Promise<void> => {
      for (const size of await Promise.all(batch)) bytes += size
      batch = []
      signal.throwIfAborted()
    }
    let entries: Dir | undefined
    try {
      // Names are bytes, not text.
      entries = await withRightTo(parent, () => opendir(parent, { encoding: 'latin1', bufferSize: 512 }))
    } catch (error) {
      bytes += unmeasured(error)
    }
    for await (const entry of entries ?? []) {
      const path = Buffer.concat([parent, SLASH, Buffer.from(entry.name, 'latin1')])
      if (entry.isDirectory()) directories.push(path)
      batch.push(sizeOf(path, parent))
      count++
      if (batch.length >= AT_ONCE) await add()
      if (count > maxEntries) bytes = Infinity
      if (bytes > enoughBytes) break
    }
    await add()
    if (bytes > enoughBytes) return bytes
  }
  return bytes
}
