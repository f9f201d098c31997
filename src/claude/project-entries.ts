/**
 * The entries of workspaces in the CLI's own `.claude.json` (`projects`, by directory): a workspace is never used again, so
 * its entry only makes the file grow. The file holds the user's settings too: it is changed only when no CLI runs on it, under
 * the CLI's own lock, whole or not at all.
 */
import { mkdir, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { hasCode, isAlive, parseJson } from '../lib/index.ts'

export interface ProjectEntriesOptions {
  /** The `.claude.json`. */
  readonly path: string
  /** The CLI's own directory, which lists the processes of the CLI that run. */
  readonly loginDirectory: string
  /** The directory of the workspaces, links followed. */
  readonly root: string
}

const config = z.looseObject({ projects: z.record(z.string(), z.unknown()) })

/** What a look at a file or directory finds; `undefined` where there is none. */
async function unlessAbsent<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Whether a CLI runs on this directory, as far as its list of sessions says. */
async function isInUse(loginDirectory: string): Promise<boolean> {
  const names = (await unlessAbsent(readdir(join(loginDirectory, 'sessions')))) ?? []
  const pids = names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
  return pids.some((pid) => isAlive(Number(pid)))
}

/** The lock that the CLI takes to write the file; `undefined` where somebody has it. */
async function takeLock(path: string): Promise<AsyncDisposable | undefined> {
  const lock = `${path}.lock`
  try {
    await mkdir(lock)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return undefined
    throw error
  }
  return { [Symbol.asyncDispose]: () => rm(lock, { recursive: true, force: true }) }
}

/** The text of the file without the entries of workspaces; `undefined` where it has none. */
export function withoutWorkspaces(text: string, root: string): string | undefined {
  const parsed = parseJson(text)
  const found = parsed.ok ? config.safeParse(parsed.value).data : undefined
  if (found === undefined) return undefined
  const entries = Object.entries(found.projects)
  const kept = entries.filter(([directory]) => !directory.startsWith(join(root, 'run-')))
  if (kept.length === entries.length) return undefined
  return JSON.stringify({ ...found, projects: Object.fromEntries(kept) }, null, 2)
}

async function writeWhole(path: string, text: string): Promise<void> {
  const { mode, uid, gid } = await stat(path)
  const half = `${path}.vivavoce-${process.pid}`
  try {
    {
      await using file = await open(half, 'wx', mode & 0o777)
      await file.writeFile(text)
      await file.chown(uid, gid)
      // What a file is opened with lacks the rights that the umask takes away.
      await file.chmod(mode & 0o777)
      await file.sync()
    }
    await rename(half, path)
  } finally {
    await rm(half, { force: true })
  }
}

/** Removes the entries of workspaces below `root`, none of which is in use. Where a CLI runs, they stay for the next time. */
export async function clearProjectEntries({ path: given, loginDirectory, root }: ProjectEntriesOptions): Promise<void> {
  const path = await unlessAbsent(realpath(given))
  if (path === undefined || (await isInUse(loginDirectory))) return
  await using lock = await takeLock(path)
  if (lock === undefined) return
  const text = withoutWorkspaces(await readFile(path, 'utf8'), root)
  if (text !== undefined) await writeWhole(path, text)
}
