/** What is left when a gateway was closed: nothing, or it is a violation. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive } from '../../src/lib/is-alive.ts'
import type { Ledger } from './ledger.ts'
import { conversationsIn } from './markers.ts'

/** Connections that are closed are gone by then, those of the clients too. */
const GONE_MS = 20_000
const SHOWN = 20

/** How many servers, connections, children and timers keep this process. */
export const held = (): number =>
  process
    .getActiveResourcesInfo()
    .filter((name) => ['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap', 'Timeout'].includes(name)).length

/** What callers said is kept here, and nowhere else. */
const KEPT = join('data', 'store')
/** What there is as long as there is a data directory. */
const STANDING = [
  KEPT,
  join('data', 'owner.lock'),
  join('data', 'owner.txt'),
  join('data', 'workspaces'),
  join('data', 'workspaces', 'base'),
]

const isBelow = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)
const isStray = (path: string): boolean =>
  isBelow(path, 'tmp') || (isBelow(path, 'data') && !STANDING.includes(path) && !isBelow(path, KEPT))

const violate = (ledger: Ledger, what: string, left: readonly unknown[]): void => {
  if (left.length > 0) ledger.violate({ what, detail: `${left.length}: ${left.slice(0, SHOWN).join(', ')}` })
}

export function checkProcesses(ledger: Ledger, pids: Iterable<number>): void {
  violate(ledger, 'processes that are left', [...pids].filter(isAlive))
}

/** Looks through everything that was written below the directory. */
export async function checkFiles(ledger: Ledger, directory: string): Promise<void> {
  const stray: string[] = []
  const telling: string[] = []
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const shown = relative(directory, path)
    if (isStray(shown)) stray.push(shown)
    if (!entry.isFile() || isBelow(shown, KEPT)) continue
    if (conversationsIn(await readFile(path, 'utf8')).length > 0) telling.push(shown)
  }
  violate(ledger, 'temporary files that are left', stray)
  violate(ledger, 'files that hold what callers said', telling)
}

/** Waits until no more is held than before; what is then is left. */
export async function checkHeld(ledger: Ledger, before: number): Promise<void> {
  const lateMs = Date.now() + GONE_MS
  while (held() > before && Date.now() < lateMs) await delay(20)
  if (held() > before)
    violate(ledger, 'connections, children or timers that are left', [`${held()}, ${before} at the beginning`])
}
