/**
 * A directory is one server's at a time: two would each overwrite what the other has acknowledged. The lock is the
 * operating system's, taken on a file through SQLite: the system gives it back when its holder dies, however it dies, and
 * it holds between containers that share the directory.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { hasCode, makeDirectory } from '../lib/index.ts'

const SQLITE_BUSY = 5

export type Locked =
  | { readonly ok: true; readonly lock: AsyncDisposable }
  /** Who holds it, in words. */
  | { readonly ok: false; readonly holder: string }

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY

/** The last holder that said who it is. */
async function holderIn(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'a process that has not said who it is'
    throw error
  }
}

/** Takes a directory, which is made when it is missing. */
export async function lockDirectory(directory: string): Promise<Locked> {
  await makeDirectory(directory)
  const holder = join(directory, 'owner.txt')
  const database = new DatabaseSync(join(directory, 'owner.lock'), { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (isBusy(error)) return { ok: false, holder: await holderIn(holder) }
    throw error
  }
  await writeFile(holder, `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}`, { mode: 0o600 })
  const release = async (): Promise<void> => {
    if (database.isOpen) database.close()
  }
  return { ok: true, lock: { [Symbol.asyncDispose]: release } }
}
