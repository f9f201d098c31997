/** The CLI's files of a session: `projects/<directory with dashes>/<uuid>.jsonl` and what stands beside it by that name. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CliSessions } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'

export function createSessionFiles({ configDirectory }: { readonly configDirectory: string }): CliSessions {
  const projects = join(configDirectory, 'projects')
  return {
    async forget(uuid) {
      const directories = await readdir(projects, { withFileTypes: true }).catch((error: unknown) => {
        if (hasCode(error, 'ENOENT')) return []
        throw error
      })
      for (const { name: directory } of directories.filter((entry) => entry.isDirectory())) {
        await rm(join(projects, directory, `${uuid}.jsonl`), { force: true })
        await rm(join(projects, directory, uuid), { recursive: true, force: true })
      }
    },
  }
}
