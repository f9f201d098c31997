import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { GatewayError } from '../core/index.ts'

const run = promisify(execFile)

/**
 * Runs git to its end; nothing it says reaches a caller.
 * @throws GatewayError `workspace_failed` with git's words in the details; the signal's reason when it aborts.
 */
export async function git(
  args: readonly string[],
  { env, signal }: { readonly env: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
): Promise<string> {
  try {
    const { stdout } = await run('git', args, {
      env: { ...env, GIT_TERMINAL_PROMPT: '0' },
      maxBuffer: 16 * 1024 * 1024,
      ...(signal === undefined ? {} : { signal }),
    })
    return stdout.trim()
  } catch (cause) {
    signal?.throwIfAborted()
    const words = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause)
    throw new GatewayError('workspace_failed', 'No workspace could be made for the run.', {
      cause,
      details: { git: args[0], words },
    })
  }
}
