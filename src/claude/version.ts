/** Asks a CLI for its version, as the first thing that it is started for. */
import type { Clock } from '../core/index.ts'
import { onAbort } from '../lib/index.ts'
import { childEnvironment, CliProcess, newMark } from './process/index.ts'

export interface VersionOptions {
  readonly bin: string
  readonly passedOn: Readonly<Record<string, string>>
  readonly directory: string
  readonly clock: Clock
}

/** How a program answers `--version`: with a version, or with an end that tells none. */
export type VersionAnswer =
  | { readonly version: string }
  | { readonly code: number | null; readonly signal: string | null; readonly stdout: string; readonly stderr: string }

const MAX_STDOUT_CHARS = 200

/** @throws GatewayError `cli_unavailable` when it cannot be started; the signal's reason, and then it is ended. */
export async function askVersion(
  { bin, passedOn, directory, clock }: VersionOptions,
  { signal }: { readonly signal: AbortSignal },
): Promise<VersionAnswer> {
  signal.throwIfAborted()
  await using child = await CliProcess.start({
    bin,
    args: ['--version'],
    env: childEnvironment(passedOn, { mark: newMark() }),
    directory,
    clock,
    observer: { observe: () => undefined },
    agent: 'version',
    model: 'none',
  })
  using _left = onAbort(signal, () => void child.stop('shutdown'))
  child.endInput()
  let stdout = ''
  for await (const line of child.lines()) if (stdout.length < MAX_STDOUT_CHARS) stdout += `${line}\n`
  const { code, signal: ending } = await child.exit
  signal.throwIfAborted()
  const version = code === 0 ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined
  return version === undefined
    ? { code, signal: ending, stdout: stdout.slice(0, MAX_STDOUT_CHARS), stderr: child.stderrTail }
    : { version }
}
