import { accessSync, constants } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

const find = (program: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })

/** Makes a search path on which there is what runs need, but no bubblewrap. */
export async function searchPathWithoutBubblewrap(directory: string): Promise<string> {
  await mkdir(directory)
  const programs = ['bash', 'sh', 'git', 'env', 'cat', 'ls', 'id', 'ps', 'grep', 'sed', 'sleep', 'setsid']
  for (const program of programs) {
    const path = find(program)
    if (path !== undefined) await symlink(path, join(directory, program))
  }
  return directory
}
