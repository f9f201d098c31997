import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hasCode } from './has-code.ts'

/**
 * Creates a directory and its missing parents, each with mode 0700; a directory that exists stays as it is.
 * Node's own `recursive` option never returns where a parent exists but takes no entries (below `/proc`).
 *
 * @throws the error of the system
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (hasCode(error, 'EEXIST') && (await stat(path)).isDirectory()) return
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error
    const isParentThere = await stat(dirname(path)).then(
      () => true,
      () => false,
    )
    if (isParentThere) throw error
    await makeDirectory(dirname(path))
    await makeDirectory(path)
  }
}
