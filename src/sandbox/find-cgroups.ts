/** Where the cgroup of this process is in the file system. */
import { join, relative } from 'node:path'

export interface FoundCgroups {
  readonly version: 1 | 2
  /** The directory of our own cgroup for each controller; with version 2 one and the same. `cpu` is not there everywhere. */
  readonly directories: { readonly memory: string; readonly pids: string; readonly cpu?: string }
}

interface Mount {
  /** The cgroup that is mounted, and where. */
  readonly root: string
  readonly at: string
  readonly type: string
  readonly options: readonly string[]
}

const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/** proc_pid_mountinfo(5) */
const mountsOf = (mountinfo: string): readonly Mount[] =>
  mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root, at] = before.split(' ')
    const [type, , options = ''] = after.split(' ')
    return root === undefined || at === undefined || type === undefined
      ? []
      : [{ root: unescaped(root), at: unescaped(at), type, options: options.split(',') }]
  })

/**
 * @param membership the text of `/proc/self/cgroup`, cgroups(7)
 * @param mounts the text of `/proc/self/mountinfo`
 */
export function findCgroups({
  membership,
  mounts,
}: {
  readonly membership: string
  readonly mounts: string
}): FoundCgroups | undefined {
  const mounted = mountsOf(mounts)
  const lines = membership.split('\n').map((line) => /^(\d+):([^:]*):(.*)$/.exec(line) ?? [])

  /** Of the line of `/proc/self/cgroup` with this controller, below the mount that shows it. */
  function directoryOf(controller: string, type: string): string | undefined {
    const path = lines.find(([, , controllers]) => controllers?.split(',').includes(controller))?.[3]
    const mount = mounted.find((one) => one.type === type && (controller === '' || one.options.includes(controller)))
    if (path === undefined || mount === undefined) return undefined
    const inside = relative(mount.root, path)
    return inside.startsWith('..') ? undefined : join(mount.at, inside)
  }

  const [memory, pids, cpu] = ['memory', 'pids', 'cpu'].map((controller) => directoryOf(controller, 'cgroup'))
  if (memory !== undefined && pids !== undefined)
    return { version: 1, directories: { memory, pids, ...(cpu === undefined ? {} : { cpu }) } }
  const unified = directoryOf('', 'cgroup2')
  return unified === undefined ? undefined : { version: 2, directories: { memory: unified, pids: unified } }
}
