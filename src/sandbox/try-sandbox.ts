/** The trial of the sandbox at start: a program in it tries each thing that it may not do. */
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Sandbox } from '../core/index.ts'
import { DENIED_CALLS, ERRNO } from './denied-calls.ts'
import { probeProgram, probeResults } from './probe-program.ts'
import { LAST_SYSTEM_CALL, SYSTEM_CALLS, type Architecture } from './system-calls.ts'

const TRIAL_MS = 10_000

const run = promisify(execFile)

/** The sandbox, and the limits that the trial looks for in it. */
export interface Trial {
  readonly sandbox: Sandbox
  readonly architecture: Architecture
  /** Where runs have their directories for temporary files. */
  readonly temporaryDirectory: string
  readonly tmpfsBytes: number
  readonly openFiles: number
}

interface Attempt {
  readonly name: string
  readonly number: number
  readonly first: number
  readonly second: number
  /** The error that the call must fail with. */
  readonly errno: number
}

const attempts = (architecture: Architecture): readonly Attempt[] => [
  ...DENIED_CALLS.flatMap(({ call, errno, samples }) =>
    samples.map(([first, second]) => ({ name: call, number: SYSTEM_CALLS[call][architecture], first, second, errno })),
  ),
  { name: 'a newer call', number: LAST_SYSTEM_CALL + 1, first: 0, second: 0, errno: ERRNO.ENOSYS },
]

/** The things that a program could do and may not, by what the kernel shows of the program. */
function holesOf(shown: string, { tmpfsBytes, openFiles }: Pick<Trial, 'tmpfsBytes' | 'openFiles'>): readonly string[] {
  const field = (name: string): string | undefined => new RegExp(String.raw`^${name}:\s*(\S+)$`, 'm').exec(shown)?.[1]
  const privileges = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].filter(
    (name) => !/^0+$/.test(field(name) ?? ''),
  )
  const memory = shown.split('\n').flatMap((line) => {
    const [, at = '', options = ''] = /^tmpfs (\S+) tmpfs (\S+)/.exec(line) ?? []
    const kibibytes = Number(/\bsize=(\d+)k/.exec(options)?.[1] ?? Infinity)
    return options.split(',').includes('rw') && (kibibytes - 4) * 1024 > tmpfsBytes
      ? [`fill ${at} without a limit`]
      : []
  })
  return [
    ...(field('Seccomp') === '2' ? [] : ['make any system call, since there is no filter']),
    ...(field('NoNewPrivs') === '1' ? [] : ['gain privileges by a program']),
    ...(privileges.length === 0 ? [] : [`use privileges (${privileges.join(', ')})`]),
    ...(Number(field('OpenFiles')) <= openFiles ? [] : ['open any number of files']),
    ...(field('OomScore') === '1000' ? [] : ['outlive the gateway when memory runs out']),
    ...(field('Keys') === '0' ? [] : ['see keys in /proc/keys']),
    ...memory,
  ]
}

/**
 * Runs commands as the CLI will, and returns the things that a program in the sandbox could do and may not.
 * @throws Error with the words of `bwrap` as `stderr` if it does not start.
 */
export async function tryOut({
  sandbox,
  architecture,
  temporaryDirectory,
  ...limits
}: Trial): Promise<readonly string[]> {
  const directory = join(temporaryDirectory, 'sandbox-trial')
  await mkdir(directory, { recursive: true })
  try {
    const tried = attempts(architecture)
    await writeFile(join(directory, 'probe'), probeProgram(architecture, tried), { mode: 0o700 })
    await using confinement = await sandbox.enter({ directory, temporaryDirectory, network: false })
    const { CLAUDE_CODE_SHELL_PREFIX: shell = '' } = confinement.env
    const options = { cwd: directory, timeout: TRIAL_MS, killSignal: 'SIGKILL' } as const
    const show =
      'cat /proc/self/status /proc/self/mounts; echo OpenFiles: $(ulimit -n); echo OomScore: $(cat /proc/self/oom_score_adj); echo Keys: $(cat /proc/key* 2>/dev/null | wc -c)'
    const { stdout: shown } = await run(shell, [show], options)
    const { stdout: written } = await run(shell, ['./probe'], { ...options, encoding: 'buffer' })
    const results = probeResults(written)
    const through = tried.filter(({ errno }, index) => results[index] !== -errno).map(({ name }) => name)
    return [...holesOf(shown, limits), ...(through.length === 0 ? [] : [`call ${[...new Set(through)].join(', ')}`])]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
