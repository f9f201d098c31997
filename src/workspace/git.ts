import { spawn } from 'node:child_process'
import { GatewayError } from '../core/index.ts'
import { onAbort, withoutUserinfo } from '../lib/index.ts'

const WORDS_CHARS = 2000

export interface GitOptions {
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/**
 * Runs git to its end and resolves with what it prints. When the signal aborts, git and all that it started are killed,
 * and it is over when this rejects.
 * @throws GatewayError `workspace_failed` with git's words in the details; the signal's reason when it aborts.
 */
export async function git(args: readonly string[], { env, signal }: GitOptions): Promise<string> {
  signal.throwIfAborted()
  const child = spawn('git', args, {
    env: { ...env, GIT_TERMINAL_PROMPT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  using _aborted = onAbort(signal, kill)
  let out = ''
  let words = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-WORDS_CHARS)))
  const exitCode = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      words = error.message
      resolve(null)
    })
    child.once('close', resolve)
  })
  signal.throwIfAborted()
  if (exitCode === 0) return out.trim()
  throw new GatewayError('workspace_failed', 'No workspace could be made for the run.', {
    details: { git: args.find((arg) => /^[a-z]/.test(arg)), exitCode, words: withoutUserinfo(words) },
  })
}
