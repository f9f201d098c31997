/**
 * What the CLI keeps beside its login of each process that runs, and leaves there when the process is killed. Seen on
 * 2.1.330 (2.1.197 writes the first alone):
 *
 *     CLAUDE_CONFIG_DIR/sessions/PID.json        who runs
 *     CLAUDE_CONFIG_DIR/sessions/PID.HASH.key    a token by which other processes reach it
 *
 * Each names the number and the start of its process, so those of others stay. A record of each process in a directory of
 * ours tells the next server what one that was killed left. Needs `/proc`; elsewhere nothing is removed.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Observer } from '../core/index.ts'
import { hasCode, identityOf, isRunning, parseJson } from '../lib/index.ts'

interface Directories {
  /** The CLI's own directory, where its login is. */
  readonly loginDirectory: string
  /** Where the processes are recorded; this server's alone. */
  readonly records: string
}

const IDENTITY = /^(\d+)\.([1-9]\d*)$/

const startOf = z.object({ procStart: z.coerce.string() })

async function names(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

/** Whether the file is of the process that began then; one that is gone is not. */
async function isOf(path: string, start: string): Promise<boolean> {
  try {
    const parsed = parseJson(await readFile(path, 'utf8'))
    return parsed.ok && startOf.safeParse(parsed.value).data?.procStart === start
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/** Removes what the CLI keeps of a process that has ended, and its record. */
async function clear(identity: string, { loginDirectory, records }: Directories): Promise<void> {
  const [, pid, start = ''] = IDENTITY.exec(identity) ?? []
  const sessions = join(loginDirectory, 'sessions')
  for (const name of await names(sessions)) {
    const isSession = name === `${pid}.json` || (name.startsWith(`${pid}.`) && name.endsWith('.key'))
    const path = join(sessions, name)
    if (isSession && (await isOf(path, start))) await rm(path, { force: true })
  }
  await rm(join(records, identity), { force: true })
}

/** Removes what processes left of which the server that recorded them is gone. */
export async function clearSessionFiles(directories: Directories): Promise<void> {
  for (const identity of await names(directories.records))
    if (IDENTITY.test(identity) && !isRunning(identity)) await clear(identity, directories)
}

export interface SessionFiles extends AsyncDisposable {
  /** The same observer; from what it is told of processes follows which files go, and when. */
  following(observer: Observer): Observer
}

/** Disposed of when the last process has ended. Makes the directory of the records, and removes it. */
export function openSessionFiles(directories: Directories): SessionFiles {
  const { records } = directories
  mkdirSync(records, { recursive: true, mode: 0o700 })
  const running = new Map<number, string>()
  const clearing = new Set<Promise<void>>()
  return {
    following: (observer) => ({
      observe(observation) {
        observer.observe(observation)
        const failed = (error: unknown): void =>
          observer.observe({ type: 'cleanup-failed', what: 'session files of a process', error })
        if (observation.type === 'process-started') {
          const identity = identityOf(observation.pid)
          if (!IDENTITY.test(identity)) return
          running.set(observation.pid, identity)
          try {
            writeFileSync(join(records, identity), '')
          } catch (error) {
            failed(error)
          }
        }
        if (observation.type === 'process-ended') {
          const identity = running.get(observation.pid)
          running.delete(observation.pid)
          if (identity === undefined) return
          const done = clear(identity, directories)
            .catch(failed)
            .finally(() => clearing.delete(done))
          clearing.add(done)
        }
      },
    }),
    async [Symbol.asyncDispose]() {
      while (clearing.size > 0) await Promise.all(clearing)
      try {
        await rmdir(records)
      } catch (error) {
        // A record that could not be cleared stays for the next start.
        if (!hasCode(error, 'ENOTEMPTY', 'ENOENT')) throw error
      }
    },
  }
}
