/**
 * What a program of a run sees: the system read-only, its workspace, an empty `/tmp` and home, processes and devices of its
 * own, and a small environment; nothing else exists. Options: bwrap(1), 0.8 and newer.
 */
import { isAbsolute, relative } from 'node:path'

/** Programs and libraries. `/usr` and `/etc` are not whole: what an operator has put beside them stays unseen. */
const SYSTEM: readonly string[] = [
  ['', 'bin sbin lib lib32 lib64 libx32'],
  ['/usr', 'bin sbin lib lib32 lib64 libx32 libexec share include'],
  ['/usr/local', 'bin sbin lib lib64 libexec share include go'],
].flatMap(([folder = '', names = '']) => names.split(' ').map((name) => `${folder}/${name}`))

const SYSTEM_FILES: readonly string[] = [
  'ld.so.cache ld.so.conf ld.so.conf.d alternatives localtime timezone mime.types',
  'passwd group nsswitch.conf hosts host.conf resolv.conf services protocols',
  'ssl/certs ssl/openssl.cnf ca-certificates ca-certificates.conf pki/ca-trust pki/tls/certs',
].flatMap((names) => names.split(' ').map((name) => `/etc/${name}`))

const HOME = '/home/agent'
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME,
  USER: 'agent',
  LANG: 'C.UTF-8',
  // Whose commits are, where a repository does not tell.
  EMAIL: 'agent@localhost',
} as const

export interface SandboxView {
  /** The workspace: absolute, links followed. The one place that can be written to for good. */
  readonly directory: string
  readonly network: boolean
  /** Where runs have their directories for temporary files; none of them is seen. Links followed. */
  readonly temporaryRoot: string
  /** The run's own one, below that, where the CLI's shells note where they are: they see an empty one. */
  readonly temporaryDirectory: string
  /** Of each file system in memory. */
  readonly tmpfsBytes: number
  /** Files that look empty to a run: they exist on this machine and tell of others. */
  readonly hiddenFiles: readonly string[]
}

/** The descriptor that `bwrap` reads the seccomp filter from. */
export const FILTER_DESCRIPTOR = 9

/** The options of `bwrap` up to the directory that the program starts in, which is the last option and left to the caller. */
export const bubblewrapArguments = ({
  directory,
  network,
  temporaryRoot,
  temporaryDirectory,
  tmpfsBytes,
  hiddenFiles,
}: SandboxView): readonly string[] => [
  '--unshare-all',
  // Not as `--unshare-all` has it, which goes on where there is none. And none within it, which bubblewrap tries each time.
  '--unshare-user',
  '--disable-userns',
  '--assert-userns-disabled',
  '--seccomp',
  String(FILTER_DESCRIPTOR),
  ...(network ? ['--share-net'] : []),
  // A program that outlives its command, or its run, does not.
  '--die-with-parent',
  '--new-session',
  '--cap-drop',
  'ALL',
  '--clearenv',
  ...Object.entries(ENVIRONMENT).flatMap(([name, value]) => ['--setenv', name, value]),
  ...[...SYSTEM, ...SYSTEM_FILES].flatMap((path) => ['--ro-bind-try', path, path]),
  '--proc',
  '/proc',
  ...hiddenFiles.flatMap((path) => ['--ro-bind', '/dev/null', path]),
  // Root may write to kernel settings even without a capability, and so have the kernel run a program outside.
  '--remount-ro',
  '/proc',
  '--dev',
  '/dev',
  ...['/dev/shm', '/tmp', HOME, temporaryRoot].flatMap((path) => ['--size', String(tmpfsBytes), '--tmpfs', path]),
  '--dir',
  temporaryDirectory,
  '--bind',
  directory,
  directory,
  '--remount-ro',
  '/dev',
  '--remount-ro',
  '/',
  '--chdir',
]

/** Which of these directories a program of a run would see, since they lie within those of the system. */
export const inSystem = (directories: readonly string[]): readonly string[] =>
  directories.filter((directory) =>
    SYSTEM.some((system) => {
      const inside = relative(system, directory)
      return !inside.startsWith('..') && !isAbsolute(inside)
    }),
  )
