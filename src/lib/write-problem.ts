import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import { makeDirectory } from './make-directory.ts'

/** Why the system refused, in its words and without the path. */
export const systemReason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return 'errno' in error && typeof error.errno === 'number' ? getSystemErrorMessage(error.errno) : error.message
}

/** Creates the directory if it is missing and writes a file there; resolves to the reason when either fails. */
export async function writeProblem(directory: string): Promise<string | undefined> {
  const file = join(directory, `.write-test-${randomUUID()}`)
  try {
    await makeDirectory(directory)
    // A byte, because a full disk still takes empty files.
    await writeFile(file, '.')
    return undefined
  } catch (error) {
    return systemReason(error)
  } finally {
    await rm(file, { force: true }).catch(() => undefined)
  }
}
