/** A directory is one server's at a time: two would each overwrite what the other has acknowledged. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive } from '../lib/index.ts'

const LOCK = 'server.pid'

/** The locks of this process. */
const held = new Set<string>()

export type Locked =
  | { readonly ok: true; readonly lock: AsyncDisposable }
  /** The process that holds it. */
  | { readonly ok: false; readonly pid: number }

/** Takes a directory, which is made when it is missing. What a process that is gone has left is taken over. */
export async function lockDirectory(directory: string): Promise<Locked> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, LOCK)
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx', mode: 0o600 })
      held.add(path)
      let released = false
      const release = async (): Promise<void> => {
        if (released) return
        released = true
        await rm(path, { force: true })
        held.delete(path)
      }
      return { ok: true, lock: { [Symbol.asyncDispose]: release } }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const pid = Number(await readFile(path, 'utf8').catch(() => ''))
    // Our own number in a file that is not ours is from a process before us that had the same.
    if (pid > 0 && isAlive(pid) && !(pid === process.pid && !held.has(path))) return { ok: false, pid }
    await rm(path, { force: true })
  }
}
