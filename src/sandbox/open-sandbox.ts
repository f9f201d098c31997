/**
 * The sandbox: bubblewrap around every program that the CLI starts for a run. The CLI puts `CLAUDE_CODE_SHELL_PREFIX` before
 * every command of its shells, and calls `git` itself by the search path, in a repository whose settings a run may have
 * written and which may name programs; so both lead through `bwrap`. Other programs that it would start on files of a run are kept from it.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { GatewayError, type Confinement, type Sandbox, type SandboxedRun } from '../core/index.ts'
import { bubblewrapArguments, inSystem } from './bubblewrap-arguments.ts'

const TRIAL_MS = 10_000
/** The unit of `ulimit -f` in a POSIX shell. */
const BLOCK_BYTES = 512

/** A sandbox that was shown to work, or why there is none. */
export type FoundSandbox =
  | { readonly ok: true; readonly sandbox: Sandbox; readonly path: string; readonly version: string }
  | { readonly ok: false; readonly problem: string }

export interface SandboxOptions {
  /** The search path for programs, ours and the CLI's. */
  readonly searchPath: string
  /** Where runs have their directories for temporary files, links followed. */
  readonly temporaryDirectory: string
  /** How large a file may become that a program of a run writes: one in its workspace, or what it prints. */
  readonly maxFileBytes: number
  /** Directories that no run may see. */
  readonly secretDirectories: readonly string[]
}

/**
 * Programs of the system that the CLI starts on a file that a run may have written, outside of the sandbox: to `Read` pages of a
 * PDF. To the CLI they are not there. Seen on 2.1.197 and 2.1.330.
 */
const ABSENT: readonly string[] = ['pdftoppm', 'pdfinfo']

const run = promisify(execFile)

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`

/**
 * A program that runs another one, told by `words` in the language of the shell, in the sandbox, where it stands itself. The
 * first process inside is bubblewrap's own and shows the environment that it was started with: it gets none but the mark.
 */
const script = (bubblewrap: string, args: readonly string[], words: string): string =>
  `exec /usr/bin/env -i VIVAVOCE_RUN="$VIVAVOCE_RUN" ${[bubblewrap, ...args].map(quoted).join(' ')} "$PWD" ${words}\n`

const findOnPath = (searchPath: string): string | undefined =>
  searchPath
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, 'bwrap'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })

function createSandbox(
  bubblewrap: string,
  { searchPath, temporaryDirectory: temporaryRoot, maxFileBytes }: SandboxOptions,
): Sandbox {
  // It cannot be set where a smaller one is in force already.
  const head = `#!/bin/sh\nulimit -f ${Math.ceil(maxFileBytes / BLOCK_BYTES)} 2>/dev/null || :\n`

  async function enter({ directory, temporaryDirectory, network }: SandboxedRun): Promise<Confinement> {
    const programs = await mkdtemp(join(temporaryDirectory, 'sandbox-'))
    const args = bubblewrapArguments({ directory, network, temporaryRoot, temporaryDirectory })
    const shell = join(programs, 'shell')
    await Promise.all([
      writeFile(shell, head + script(bubblewrap, args, `/bin/bash -c "$1"`), { mode: 0o700 }),
      ...ABSENT.map((name) => writeFile(join(programs, name), '#!/bin/sh\nexit 1\n', { mode: 0o700 })),
      writeFile(join(programs, 'git'), head + script(bubblewrap, args, `git "$@"`), { mode: 0o700 }),
    ])
    return {
      env: { CLAUDE_CODE_SHELL_PREFIX: shell, PATH: `${programs}${delimiter}${searchPath}` },
      [Symbol.asyncDispose]: () => rm(programs, { recursive: true, force: true, maxRetries: 3 }),
    }
  }
  return {
    async enter(options) {
      try {
        return await enter(options)
      } catch (cause) {
        throw new GatewayError('sandbox_unavailable', 'No sandbox could be made for the run.', { cause })
      }
    },
  }
}

/** Runs a command as the CLI will. @throws Error with the words of `bwrap` where that does not work. */
async function tryOut(sandbox: Sandbox, { temporaryDirectory }: SandboxOptions): Promise<void> {
  const directory = join(temporaryDirectory, 'sandbox-trial')
  await mkdir(directory, { recursive: true })
  try {
    await using confinement = await sandbox.enter({ directory, temporaryDirectory, network: false })
    const { CLAUDE_CODE_SHELL_PREFIX: shell = '' } = confinement.env
    await run(shell, ['true'], { cwd: directory, timeout: TRIAL_MS, killSignal: 'SIGKILL' })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Finds bubblewrap and shows that it works here, once. */
export async function openSandbox(options: SandboxOptions): Promise<FoundSandbox> {
  const { searchPath, temporaryDirectory, secretDirectories } = options
  const path = findOnPath(searchPath)
  if (path === undefined) return { ok: false, problem: 'bubblewrap (bwrap) is not on the PATH; install it' }
  const [seen] = inSystem(secretDirectories.map((secret) => (existsSync(secret) ? realpathSync(secret) : secret)))
  if (seen !== undefined)
    return { ok: false, problem: `${seen} lies in a directory of the system, which runs can read` }
  // The CLI takes what follows for options.
  if (temporaryDirectory.includes(' -'))
    return { ok: false, problem: `the CLI cannot be led through a path with " -" in it: ${temporaryDirectory}` }
  const sandbox = createSandbox(path, options)
  try {
    const { stdout } = await run(path, ['--version'], { timeout: TRIAL_MS })
    // A machine that is busy may refuse once what it grants the next moment.
    await tryOut(sandbox, options).catch(() => tryOut(sandbox, options))
    return { ok: true, sandbox, path, version: /\d[\d.]*/.exec(stdout)?.[0] ?? stdout.trim() }
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return { ok: false, problem: `bubblewrap does not work here: ${words || String(error)}` }
  }
}
