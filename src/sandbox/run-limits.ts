/** How much of the machine the commands of a run may use. */

export interface RunLimits {
  readonly memoryBytes: number
  /** Processes and threads. */
  readonly processes: number
}

/** Each process may have this many files open. */
export const OPEN_FILES = 4096

/** `/tmp`, home, `/dev/shm` and the directory of temporary files are memory: together as much as the run may use. */
export const tmpfsBytes = ({ memoryBytes }: RunLimits): number => Math.floor(memoryBytes / 4)

/** By a cgroup the limits are for the run; by prlimit(2) memory is for each process, processes for each command. */
export type LimitRoute = 'cgroup' | 'prlimit'

/**
 * Commands of bash that set the limits within the sandbox. Memory is what a process may write to and no other one sees: address
 * space is reserved by far more than is used. Processes are counted in the sandbox's user namespace, from Linux 5.14 on.
 * A limit that is smaller already stays.
 */
export const limitCommands = ({ memoryBytes, processes }: RunLimits, route: LimitRoute): string =>
  // No core file: the system's handler keeps the memory of a program that crashed outside of the sandbox, and after the run.
  [
    '-c 0',
    `-n ${OPEN_FILES}`,
    ...(route === 'prlimit' ? [`-d ${Math.floor(memoryBytes / 1024)}`, `-u ${processes}`] : []),
  ]
    .map((limit) => `ulimit ${limit} 2>/dev/null; `)
    .join('')

/** The limits in words, for the log and the doctor. The kernel sets root no limit of processes but by a cgroup. */
export function describeLimits({ memoryBytes, processes }: RunLimits, route: LimitRoute, isRoot: boolean): string {
  const memory = `${Math.floor(memoryBytes / 1024 / 1024)} MiB of memory`
  const files = `${OPEN_FILES} open files`
  if (route === 'cgroup')
    return `by cgroup a run has at most ${memory} and ${processes} processes, and a process ${files}`
  const those = isRoot ? 'its processes are not limited, since root runs them' : `a command ${processes} processes`
  return `by prlimit a process has at most ${memory} and ${files}; ${those}`
}
