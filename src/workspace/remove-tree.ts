import { execFile } from 'node:child_process'
import { chmod, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hasCode } from '../lib/index.ts'

/** Removes a directory whatever a run has done to it; links in it are removed, not followed. */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    if (hasCode(error, 'ENAMETOOLONG')) {
      // Deeper than a path can say; the system's own command goes step by step.
      await promisify(execFile)('rm', ['-rf', '--', directory])
      return
    }
    if (!hasCode(error, 'EACCES', 'EPERM')) throw error
    // A run may take away our right to list or empty its directories.
    await openUp(directory)
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function openUp(directory: string): Promise<void> {
  try {
    await chmod(directory, 0o700)
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) await openUp(join(directory, entry.name))
    }
  } catch (error) {
    // Of the removal that failed, other parts may still go on.
    if (!hasCode(error, 'ENOENT')) throw error
  }
}
