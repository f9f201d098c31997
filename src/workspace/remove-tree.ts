import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { hasCode } from '../lib/index.ts'

const run = promisify(execFile)

/** Removes a directory whatever a run has done to it; links in it are removed, not followed. */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    if (!hasCode(error, 'ENAMETOOLONG', 'EACCES', 'EPERM')) throw error
    // A run may take away our right to list or empty its directories, and put them deeper than a path can say: the system's
    // own commands go step by step. What cannot be opened up may be removable all the same; if not, that is what is told.
    await run('chmod', ['-R', 'u+rwX', '--', directory]).catch(() => undefined)
    await run('rm', ['-rf', '--', directory])
  }
}
