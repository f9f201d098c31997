/** A directory is one server's at a time: two would each overwrite what the other has acknowledged. */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode, isRunning, processIdentity } from '../lib/index.ts'

const LOCK = 'server.lock'
/** How long another may take to clear the way. */
const TURN_MS = 5

export type Locked =
  | { readonly ok: true; readonly lock: AsyncDisposable }
  /** The number of the process that holds it. */
  | { readonly ok: false; readonly pid: number }

/** The holder's identity and token, or `undefined` when nobody holds it. */
async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Puts what is at `from` at `to`, whole and at once; `false` when something is there. */
async function place(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

const identityIn = (content: string | undefined): string => content?.split(' ')[0] ?? ''

/** Takes away what a process that is gone has left. One at a time does so: another might take away what has come since. */
async function clear(path: string, { left, fresh }: { readonly left: string; readonly fresh: string }): Promise<void> {
  const turn = `${path}.takeover`
  if (await place(fresh, turn)) {
    if ((await read(path)) === left) await rm(path, { force: true })
    await rm(turn, { force: true })
    return
  }
  const other = await read(turn)
  if (other !== undefined && !isRunning(identityIn(other))) await rm(turn, { force: true })
  await delay(TURN_MS)
}

/** Takes a directory, which is made when it is missing. What a process that is gone has left is taken over. */
export async function lockDirectory(directory: string): Promise<Locked> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, LOCK)
  const own = `${processIdentity} ${randomUUID()}`
  const fresh = `${path}.${randomUUID()}`
  await writeFile(fresh, own, { mode: 0o600 })
  try {
    while (!(await place(fresh, path))) {
      const left = await read(path)
      if (left === undefined) continue
      if (isRunning(identityIn(left))) return { ok: false, pid: Number.parseInt(left, 10) }
      await clear(path, { left, fresh })
    }
  } finally {
    await rm(fresh, { force: true })
  }
  const release = async (): Promise<void> => {
    if ((await read(path)) === own) await rm(path, { force: true })
  }
  return { ok: true, lock: { [Symbol.asyncDispose]: release } }
}
