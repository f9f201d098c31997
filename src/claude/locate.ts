import { execFile } from 'node:child_process'
import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { GatewayError } from '../core/index.ts'

export interface CliBinary {
  /** Absolute, links followed. */
  readonly path: string
  /** `2.1.330`. */
  readonly version: string
}

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The one that comes with the package `@anthropic-ai/claude-code`, where that is installed beside us. */
const installedBeside = (): readonly string[] => {
  try {
    const manifest = createRequire(import.meta.url).resolve('@anthropic-ai/claude-code/package.json')
    return [join(dirname(manifest), 'bin', 'claude.exe')]
  } catch {
    return []
  }
}

const candidates = (wanted: string | undefined, searchPath: string): readonly string[] => {
  const onPath = (name: string): readonly string[] =>
    searchPath
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, name))
  if (wanted === undefined) return [...onPath('claude'), ...installedBeside()]
  return isAbsolute(wanted) || wanted.includes('/') ? [wanted] : onPath(wanted)
}

export interface WantedCli {
  /** A path or a name, where the operator asks for one. */
  readonly wanted: string | undefined
  readonly searchPath: string
}

/**
 * The path of the CLI that is asked for by path or name, or else of `claude` on the search path, or else of the one
 * installed beside us; links are followed.
 * @throws GatewayError `cli_unavailable` when there is none.
 */
export function resolveCli({ wanted, searchPath }: WantedCli): string {
  const found = candidates(wanted, searchPath).find(isProgram)
  if (found === undefined) {
    throw new GatewayError(
      'cli_unavailable',
      wanted === undefined
        ? 'No Claude Code CLI was found: install it (npm install -g @anthropic-ai/claude-code) or set VIVAVOCE_CLAUDE_BIN.'
        : 'VIVAVOCE_CLAUDE_BIN names no program that can be run.',
    )
  }
  return realpathSync(found)
}

/** @throws GatewayError `cli_unavailable` when there is none or it does not tell its version. */
export async function locateCli(wanted: WantedCli): Promise<CliBinary> {
  const path = resolveCli(wanted)
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 30_000 })
    const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0]
    if (version === undefined) throw new Error(`it answered ${JSON.stringify(stdout.slice(0, 100))}`)
    return { path, version }
  } catch (cause) {
    throw new GatewayError('cli_unavailable', 'The Claude Code CLI was found but does not tell its version.', {
      cause,
      details: { path },
    })
  }
}
