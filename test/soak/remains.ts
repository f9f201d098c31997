/** What is left when a gateway was closed. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { conversationsIn } from './markers.ts'

/** How many servers, connections, children and timers keep this process. */
export const held = (): number =>
  process
    .getActiveResourcesInfo()
    .filter((name) => ['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap', 'Timeout'].includes(name)).length

export interface FilesLeft {
  /** Temporary files, and what is of no use any more. */
  readonly stray: readonly string[]
  /** Where texts of callers stand besides the conversations that are kept. */
  readonly telling: readonly string[]
}

/** What callers said is kept here, and nowhere else. */
const KEPT = join('data', 'conversations')
/** What there is as long as there is a data directory. */
const STANDING = [KEPT, join('data', 'workspaces'), join('data', 'workspaces', 'base'), join('data', 'neutral')]

const isBelow = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)
const isStray = (path: string): boolean =>
  isBelow(path, 'tmp') || (isBelow(path, 'data') && !STANDING.includes(path) && !isBelow(path, KEPT))

/** Looks through everything below the directory. */
export async function filesLeft(directory: string): Promise<FilesLeft> {
  const stray: string[] = []
  const telling: string[] = []
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const shown = relative(directory, path)
    if (isStray(shown)) stray.push(shown)
    if (!entry.isFile() || isBelow(shown, KEPT)) continue
    if (conversationsIn(await readFile(path, 'utf8')).length > 0) telling.push(shown)
  }
  return { stray, telling }
}
