/**
 * What a run has committed, taken out of the repository it worked in. That repository is the run's to write, so no git is
 * run there: its HEAD is read as text, and what has the name of an object is copied next to a configuration of ours. Links
 * are not followed, borrowed objects (alternates) not looked for.
 */
import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, open, readdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isBranchName } from '../core/index.ts'
import { hasCode } from '../lib/index.ts'

const HEAD_BYTES = 4096
const PACKED_REFS_BYTES = 16 * 1024 * 1024
const COMMIT_ID = /^([\da-f]{40}|[\da-f]{64})$/
const LOOSE_FOLDER = /^[\da-f]{2}$/
const LOOSE_NAME = /^([\da-f]{38}|[\da-f]{62})$/
const PACK_NAME = /^pack-([\da-f]{40}|[\da-f]{64})\.(pack|idx)$/

const isAbsent = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG')

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory()
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

/** The text of a file below a directory, where no part of the way is a link and it is no larger than it may be. */
async function textBelow(directory: string, parts: readonly string[], maxBytes: number): Promise<string | undefined> {
  let path = directory
  for (const part of parts.slice(0, -1)) {
    path = join(path, part)
    if (!(await isDirectory(path))) return undefined
  }
  try {
    // Not waiting for a writer, where it is a pipe.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    await using file = await open(join(path, parts.at(-1) ?? ''), flags)
    const stats = await file.stat()
    return stats.isFile() && stats.size <= maxBytes ? await file.readFile('utf8') : undefined
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** The id of the commit that HEAD of a repository leads to, if it can be told. */
export async function readHead(gitDirectory: string): Promise<string | undefined> {
  if (!(await isDirectory(gitDirectory))) return undefined
  const head = (await textBelow(gitDirectory, ['HEAD'], HEAD_BYTES))?.trim() ?? ''
  if (COMMIT_ID.test(head)) return head
  const branch = /^ref: refs\/heads\/(.+)$/.exec(head)?.[1]
  if (branch === undefined || !isBranchName(branch)) return undefined
  const loose = (await textBelow(gitDirectory, ['refs', 'heads', ...branch.split('/')], HEAD_BYTES))?.trim() ?? ''
  if (COMMIT_ID.test(loose)) return loose
  const packed = (await textBelow(gitDirectory, ['packed-refs'], PACKED_REFS_BYTES)) ?? ''
  const line = packed.split('\n').find((text) => text.endsWith(` refs/heads/${branch}`))
  const id = line?.split(' ')[0] ?? ''
  return COMMIT_ID.test(id) ? id : undefined
}

interface Copying {
  /** The objects of the repository that is read. */
  readonly from: string
  /** Where they go. */
  readonly to: string
  /** Objects of ours; what is there by the same name is not copied. */
  readonly known: string | undefined
  readonly signal: AbortSignal
}

async function copyNamed(folder: string, name: RegExp, { from, to, known, signal }: Copying): Promise<void> {
  if (!(await isDirectory(join(from, folder)))) return
  const names = (await readdir(join(from, folder), { withFileTypes: true }))
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .filter((path) => known === undefined || !existsSync(join(known, path)))
  if (names.length > 0) await mkdir(join(to, folder), { recursive: true })
  for (const path of names) {
    signal.throwIfAborted()
    await copyFile(join(from, path), join(to, path))
  }
}

/** Copies the objects of a repository that are files of its own. */
export async function copyObjects(copying: Copying): Promise<void> {
  const { from } = copying
  if (!(await isDirectory(from))) return
  await copyNamed('pack', PACK_NAME, copying)
  for (const folder of await readdir(from)) {
    if (LOOSE_FOLDER.test(folder)) await copyNamed(folder, LOOSE_NAME, copying)
  }
}
