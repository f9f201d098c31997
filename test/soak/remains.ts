/** What is left when a gateway was closed. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { conversationsIn } from './markers.ts'

/** How many servers, connections, children and timers keep this process. */
export const held = (): number =>
  process
    .getActiveResourcesInfo()
    .filter((name) => ['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap', 'Timeout'].includes(name)).length

export interface FilesLeft {
  /** In the directory for temporary files, and of workspaces. */
  readonly stray: readonly string[]
  /** Where texts of callers stand besides the conversations that are kept. */
  readonly telling: readonly string[]
}

const KEPT = join('data', 'conversations')
const TEMPORARY = ['tmp', join('data', 'workspaces'), join('data', 'neutral')]

const isBelow = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)

/** Looks through everything below the directory. */
export async function filesLeft(directory: string): Promise<FilesLeft> {
  const stray: string[] = []
  const telling: string[] = []
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const shown = relative(directory, path)
    const isOfBase = shown === join('data', 'workspaces', 'base')
    if (TEMPORARY.some((folder) => isBelow(shown, folder)) && !isOfBase) stray.push(shown)
    if (!entry.isFile() || isBelow(shown, KEPT) || (await stat(path)).size === 0) continue
    if (conversationsIn(await readFile(path, 'utf8')).length > 0) telling.push(shown)
  }
  return { stray, telling }
}
