/**
 * A cgroup for each run: it limits memory and processes of all commands of the run together, and they share the processors as one
 * process would. The gateway makes it below its own cgroup if it may (cgroups(7); version 2, and version 1 with its controllers
 * `memory` and `pids`).
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { hasCode, isRunning, processIdentity } from '../lib/index.ts'
import { findCgroups, type FoundCgroups } from './find-cgroups.ts'
import type { RunLimits } from './run-limits.ts'

/** Held as long as the run lasts; disposing of it ends what is still in it. */
export interface RunCgroup extends AsyncDisposable {
  /** A process that writes its number into each of these files, and all that it starts then, is limited. */
  readonly joinFiles: readonly string[]
}

export interface RunCgroups {
  create(): Promise<RunCgroup>
}

const CONTROLLERS = ['memory', 'pids'] as const
/** Where version 2 has the gateway itself: a cgroup that has cgroups with controllers below it may hold no process. */
const OWN_LEAF = 'vivavoce-gateway'
/** Of the cgroup of a run. */
const NAME = /^vivavoce-run-([\d.]+)-[\da-f-]+$/
const REMOVAL_TRIES = 250
const REMOVAL_EVERY_MS = 20

const words = async (path: string): Promise<readonly string[]> =>
  (await readFile(path, 'utf8')).split(/\s+/).filter(Boolean)

/** Has version 2 count memory and processes of the cgroups below `directory`. */
async function passOnControllers(directory: string): Promise<void> {
  const switches = join(directory, 'cgroup.subtree_control')
  const passedOn = await words(switches)
  if (CONTROLLERS.every((name) => passedOn.includes(name))) return
  const inside = await words(join(directory, 'cgroup.procs'))
  // Only a cgroup that is the gateway's alone is rearranged; the root needs no rearranging.
  if (inside.length === 1 && inside[0] === String(process.pid)) {
    await mkdir(join(directory, OWN_LEAF), { recursive: true })
    await writeFile(join(directory, OWN_LEAF, 'cgroup.procs'), String(process.pid))
  }
  await writeFile(switches, CONTROLLERS.map((name) => `+${name}`).join(' '))
  // With it each run has a share of the processors as if it were one process. A kernel may be without it.
  await writeFile(switches, '+cpu').catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT', 'EINVAL', 'EBUSY')) throw error
  })
}

interface LimitFile {
  readonly controller: (typeof CONTROLLERS)[number]
  readonly file: string
  readonly value: number
  /** Not there on every machine. */
  readonly isOptional?: boolean
}

const limitFiles = (version: 1 | 2, { memoryBytes, processes }: RunLimits): readonly LimitFile[] => [
  ...(version === 2
    ? ([
        { controller: 'memory', file: 'memory.max', value: memoryBytes },
        { controller: 'memory', file: 'memory.swap.max', value: 0, isOptional: true },
      ] as const)
    : ([
        { controller: 'memory', file: 'memory.limit_in_bytes', value: memoryBytes },
        { controller: 'memory', file: 'memory.memsw.limit_in_bytes', value: memoryBytes, isOptional: true },
      ] as const)),
  { controller: 'pids', file: 'pids.max', value: processes },
]

/** Ends the processes in a cgroup and removes it. Its processes are those of a run's commands alone. */
async function remove(directory: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await rmdir(directory)
      return
    } catch (error) {
      if (isGone(error)) return
      if (!hasCode(error, 'EBUSY') || tries >= REMOVAL_TRIES) throw error
    }
    for (const member of await members(directory)) kill(member)
    await passed(REMOVAL_EVERY_MS)
  }
}

/** Another gateway that starts may remove the same one. */
const isGone = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ENODEV')

async function members(directory: string): Promise<readonly number[]> {
  try {
    return (await words(join(directory, 'cgroup.procs'))).map(Number)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

function kill(pid: number): void {
  // A process of another process namespace is shown as 0, which to kill(2) is our own group.
  if (!(pid > 0)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

/** Removes the cgroups of gateways that are gone. */
async function sweep(parents: readonly string[]): Promise<void> {
  for (const parent of parents)
    for (const name of await readdir(parent)) {
      const owner = NAME.exec(name)?.[1]
      if (owner !== undefined && !isRunning(owner)) await remove(join(parent, name))
    }
}

function createRunCgroups({ version, directories }: FoundCgroups, limits: RunLimits): RunCgroups {
  const parents = [...new Set(Object.values(directories))]

  return {
    async create() {
      const name = `vivavoce-run-${processIdentity}-${randomUUID()}`
      const made = parents.map((parent) => join(parent, name))
      const dispose = async (): Promise<void> => {
        for (const directory of made) await remove(directory)
      }
      try {
        for (const directory of made) await mkdir(directory)
        for (const { controller, file, value, isOptional = false } of limitFiles(version, limits))
          await writeFile(join(directories[controller], name, file), String(value), { flag: 'r+' }).catch(
            (error: unknown) => {
              if (!(isOptional && hasCode(error, 'ENOENT', 'EOPNOTSUPP'))) throw error
            },
          )
        return { joinFiles: made.map((directory) => join(directory, 'cgroup.procs')), [Symbol.asyncDispose]: dispose }
      } catch (error) {
        await dispose()
        throw error
      }
    },
  }
}

/** Finds where cgroups can be made and tries it. `undefined` if the gateway may make none. */
export async function openRunCgroups(limits: RunLimits): Promise<RunCgroups | undefined> {
  const found = findCgroups({
    membership: readFileSync('/proc/self/cgroup', 'utf8'),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
  })
  if (found === undefined) return undefined
  const { version } = found
  const above = (directory: string): string => (basename(directory) === OWN_LEAF ? dirname(directory) : directory)
  const { memory, pids, ...others } = found.directories
  const directories = { ...others, memory: above(memory), pids: above(pids) }
  try {
    await sweep([...new Set(Object.values(directories))])
    if (version === 2) await passOnControllers(directories.memory)
    const cgroups = createRunCgroups({ version, directories }, limits)
    await (await cgroups.create())[Symbol.asyncDispose]()
    return cgroups
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'EBUSY', 'ENOENT', 'EINVAL', 'EOPNOTSUPP')) return undefined
    throw error
  }
}
