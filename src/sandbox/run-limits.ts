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
  [`-n ${OPEN_FILES}`, ...(route === 'prlimit' ? [`-d ${Math.floor(memoryBytes / 1024)}`, `-u ${processes}`] : [])]
    .map((limit) => `ulimit ${limit} 2>/dev/null; `)
    .join('')

/** For the log and the doctor. */
export function describeLimits({ memoryBytes, processes }: RunLimits, route: LimitRoute, isRoot: boolean): string {
  const memory = `${Math.floor(memoryBytes / 1024 / 1024)} MiB of memory`
  if (route === 'cgroup')
    return `a run has ${memory} and ${processes} processes (cgroup), ${OPEN_FILES} open files a process`
  return isRoot
    ? `a process has ${memory} and ${OPEN_FILES} open files (prlimit); processes are not limited, since they are root's`
    : `a process has ${memory} and ${OPEN_FILES} open files, a command ${processes} processes (prlimit)`
}
