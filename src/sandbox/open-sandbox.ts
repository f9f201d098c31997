/**
 * The sandbox: bubblewrap around every program that the CLI starts for a run. The CLI puts `CLAUDE_CODE_SHELL_PREFIX` before
 * every command of its shells, and calls `git` itself by the search path, in a repository whose settings a run may have
 * written and which may name programs; so both lead through `bwrap`. Other programs that it would start on files of a run are kept from it.
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { GatewayError, type Confinement, type Sandbox, type SandboxedRun } from '../core/index.ts'
import { bubblewrapArguments, inSystem } from './bubblewrap-arguments.ts'
import type { RunCgroups } from './run-cgroups.ts'
import { describeLimits, limitCommands, OPEN_FILES, tmpfsBytes, type RunLimits } from './run-limits.ts'
import { sandboxScript } from './sandbox-scripts.ts'
import { seccompFilter } from './seccomp-filter.ts'
import { architectureOf, type Architecture } from './system-calls.ts'
import { tryOut } from './try-sandbox.ts'

const VERSION_MS = 10_000
/** The first one with `--disable-userns`. */
const NEEDED_VERSION = [0, 8] as const

/** A sandbox that was shown to work, or why there is none. */
export type FoundSandbox =
  | {
      readonly ok: true
      readonly sandbox: Sandbox
      readonly path: string
      readonly version: string
      /** How much a run may use, in words. */
      readonly limits: string
      /** Otherwise a run may start any number of processes. */
      readonly limitsProcesses: boolean
    }
  | { readonly ok: false; readonly problem: string }

export interface SandboxOptions {
  /** The search path for programs, ours and the CLI's. */
  readonly searchPath: string
  /** Where runs have their directories for temporary files, links followed. */
  readonly temporaryDirectory: string
  /** How large a file may become that a program of a run writes: one in its workspace, or what it prints. */
  readonly maxFileBytes: number
  readonly runLimits: RunLimits
  /** Absent: limits are those of prlimit(2). */
  readonly cgroups: RunCgroups | undefined
  /** Directories that no run may see. */
  readonly secretDirectories: readonly string[]
}

/**
 * Programs of the system that the CLI starts on a file that a run may have written, outside of the sandbox: to `Read` pages of a
 * PDF. To the CLI they are not there. Seen on 2.1.197 and 2.1.330.
 */
const ABSENT: readonly string[] = ['pdftoppm', 'pdfinfo']

/** The keys of the operator and of other users, by their names; not there on a kernel without keyrings. */
const HIDDEN: readonly string[] = ['/proc/keys', '/proc/key-users']

const run = promisify(execFile)

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

function createSandbox(bubblewrap: string, architecture: Architecture, options: SandboxOptions): Sandbox {
  const { searchPath, temporaryDirectory: temporaryRoot, maxFileBytes, runLimits, cgroups } = options
  const limits = limitCommands(runLimits, cgroups === undefined ? 'prlimit' : 'cgroup')
  const hiddenFiles = HIDDEN.filter((path) => existsSync(path))

  /** Writes the programs of a run into a directory of their own. */
  async function writePrograms(
    programs: string,
    { directory, temporaryDirectory, network }: SandboxedRun,
    joinFiles: readonly string[],
  ): Promise<string> {
    const view = {
      directory,
      network,
      temporaryRoot,
      temporaryDirectory,
      tmpfsBytes: tmpfsBytes(runLimits),
      hiddenFiles,
    }
    const args = bubblewrapArguments(view)
    const filter = join(programs, 'seccomp-filter')
    const script = (command: string, words: string): string =>
      sandboxScript({ bubblewrap, args, filter, joinFiles, maxFileBytes, limits, command, words })
    const shell = join(programs, 'shell')
    const mode = 0o700
    await Promise.all([
      writeFile(filter, seccompFilter(architecture), { mode: 0o600 }),
      writeFile(shell, script('exec /bin/bash -c "$1"', 'bash "$1"'), { mode }),
      writeFile(join(programs, 'git'), script('exec git "$@"', 'bash "$@"'), { mode }),
      ...ABSENT.map((name) => writeFile(join(programs, name), '#!/bin/sh\nexit 1\n', { mode })),
    ])
    return shell
  }

  async function enter(options: SandboxedRun): Promise<Confinement> {
    const cgroup = await cgroups?.create()
    const programs = join(options.temporaryDirectory, `sandbox-${randomUUID()}`)
    const dispose = async (): Promise<void> => {
      await rm(programs, { recursive: true, force: true, maxRetries: 3 })
      await cgroup?.[Symbol.asyncDispose]()
    }
    try {
      await mkdir(programs, { mode: 0o700 })
      const shell = await writePrograms(programs, options, cgroup?.joinFiles ?? [])
      return {
        env: { CLAUDE_CODE_SHELL_PREFIX: shell, PATH: `${programs}${delimiter}${searchPath}` },
        [Symbol.asyncDispose]: dispose,
      }
    } catch (error) {
      await dispose()
      throw error
    }
  }
  return {
    async enter(run) {
      try {
        return await enter(run)
      } catch (cause) {
        throw new GatewayError('sandbox_unavailable', 'No sandbox could be made for the run.', { cause })
      }
    },
  }
}

const isOldVersion = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [neededMajor, neededMinor] = NEEDED_VERSION
  return major < neededMajor || (major === neededMajor && minor < neededMinor)
}

/** Finds bubblewrap and shows that it works here and that the sandbox holds, once. */
export async function openSandbox(options: SandboxOptions): Promise<FoundSandbox> {
  const { searchPath, temporaryDirectory, secretDirectories, runLimits, cgroups } = options
  const path = findOnPath(searchPath)
  if (path === undefined) return { ok: false, problem: 'bubblewrap (bwrap) is not on the PATH; install it' }
  const architecture = architectureOf(process.arch)
  if (architecture === undefined)
    return { ok: false, problem: `the system calls of ${process.arch} are not known; use a machine with x64 or arm64` }
  const [seen] = inSystem(secretDirectories.map((secret) => (existsSync(secret) ? realpathSync(secret) : secret)))
  if (seen !== undefined)
    return { ok: false, problem: `${seen} lies in a directory of the system, which runs can read` }
  // The CLI takes what follows for options.
  if (temporaryDirectory.includes(' -'))
    return { ok: false, problem: `the CLI cannot be led through a path with " -" in it: ${temporaryDirectory}` }
  try {
    const { stdout } = await run(path, ['--version'], { timeout: VERSION_MS })
    const version = /\d[\d.]*/.exec(stdout)?.[0] ?? stdout.trim()
    if (isOldVersion(version))
      return { ok: false, problem: `bubblewrap ${version} is too old; install ${NEEDED_VERSION.join('.')} or newer` }
    const sandbox = createSandbox(path, architecture, options)
    const trial = {
      sandbox,
      architecture,
      temporaryDirectory,
      tmpfsBytes: tmpfsBytes(runLimits),
      openFiles: OPEN_FILES,
    }
    // A machine that is busy may refuse once what it grants the next moment.
    const holes = await tryOut(trial).catch(() => tryOut(trial))
    if (holes.length > 0)
      return { ok: false, problem: `the sandbox does not hold: a program in it could ${holes.join('; ')}` }
    const isRoot = process.getuid?.() === 0
    const limits = describeLimits(runLimits, cgroups === undefined ? 'prlimit' : 'cgroup', isRoot)
    return { ok: true, sandbox, path, version, limits, limitsProcesses: cgroups !== undefined || !isRoot }
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return { ok: false, problem: `bubblewrap does not work here: ${words || String(error)}` }
  }
}
