/** The real CLI behind a script: what a test wants of a start happens before it. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { locateCli, openCapabilityCache } from '../../src/claude/index.ts'
import { systemClock } from '../../src/core/index.ts'

/** What the pinned version can do. */
const ABILITIES = {
  replay: 'bulk',
  rewind: 'jump',
  systemPrompt: 'live',
  switchModel: true,
  liveSettings: true,
  environmentNote: 'removable',
  interrupt: true,
  functions: true,
} as const

export interface WrappedCli {
  readonly path: string
  /** How many processes of it were started. */
  starts(): Promise<number>
}

export interface WrapOptions {
  readonly directory: string
  readonly name: string
  /** Lines of a shell script; `$COUNT` is the number of this process. */
  readonly lines?: string
}

/** Written beside its place and then moved there, as a package manager does: one that stands there already is replaced. */
export async function wrapCli({ directory, name, lines = '' }: WrapOptions): Promise<WrappedCli> {
  const { path: real } = await locateCli({ wanted: undefined, searchPath: process.env['PATH'] ?? '' })
  const path = join(directory, name)
  const counted = join(directory, `${name}.count`)
  await writeFile(counted, '', { flag: 'a' })
  const script = `#!/bin/sh\necho >> '${counted}'\nCOUNT=$(wc -l < '${counted}')\n${lines}\nexec '${real}' "$@"\n`
  await writeFile(`${path}.new`, script, { mode: 0o755 })
  await rename(`${path}.new`, path)
  return { path, starts: async () => (await readFile(counted, 'utf8')).length }
}

/** Makes it known what a CLI can do, for tests that are about something else. */
export async function makeKnown(cacheHome: string, path: string): Promise<void> {
  const cli = await locateCli({ wanted: path, searchPath: '' })
  const cache = openCapabilityCache(join(cacheHome, 'vivavoce', 'capabilities.json'), systemClock)
  await cache.put(cli, { pooled: true, abilities: ABILITIES })
}
