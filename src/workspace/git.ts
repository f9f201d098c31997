import { spawn } from 'node:child_process'
import { GatewayError } from '../core/index.ts'
import { onAbort, withoutUserinfo } from '../lib/index.ts'

const WORDS_CHARS = 2000
const TEXT_BYTES = 1024 * 1024

export interface GitOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** What it reads from its stdin. */
  readonly input?: Uint8Array
  /** The message of the failure, where there is a better one. */
  readonly failure?: string
}

/** The end of a text, and no part of a word: of an address there would be the password without its beginning. */
const lastOf = (text: string): string =>
  text.length <= WORDS_CHARS ? text : text.slice(-WORDS_CHARS).replace(/^\S+/, '')

/**
 * Runs git to its end and gives what it prints to `take`, piece by piece; `false` is enough and ends it. When the signal
 * aborts, git and all that it started are killed, and it is over when this rejects.
 * @throws GatewayError `workspace_failed` with git's words in the details; the signal's reason when it aborts.
 */
export async function runGit(
  args: readonly string[],
  { cwd, env, signal, input, failure = 'No workspace could be made for the run.' }: GitOptions,
  take: (piece: Buffer) => boolean,
): Promise<void> {
  signal.throwIfAborted()
  const child = spawn('git', args, {
    cwd,
    // Its words are read, so they are those that it has without a language.
    env: { ...env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', LANGUAGE: '' },
    stdio: 'pipe',
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
  let enough = false
  let words = ''
  child.stdout.on('data', (piece: Buffer) => {
    if (enough || take(piece)) return
    enough = true
    kill()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = lastOf(words + text)))
  // It may end before it has read everything; its exit says what that means.
  child.stdin.on('error', () => undefined).end(input)
  const exitCode = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      words = error.message
      resolve(null)
    })
    child.once('close', resolve)
  })
  signal.throwIfAborted()
  if (exitCode === 0 || enough) return
  throw new GatewayError('workspace_failed', failure, {
    details: { git: args.find((arg) => /^[a-z][a-z-]+$/.test(arg)), exitCode, words: withoutUserinfo(words) },
  })
}

/** What git prints, as long as it is no more than `maxBytes`; else `undefined`, and git was ended. */
export async function gitBytes(
  args: readonly string[],
  { maxBytes, ...options }: GitOptions & { readonly maxBytes: number },
): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let bytes = 0
  await runGit(args, options, (piece) => {
    bytes += piece.length
    if (bytes <= maxBytes) pieces.push(piece)
    return bytes <= maxBytes
  })
  return bytes <= maxBytes ? Buffer.concat(pieces) : undefined
}

/** The text that git prints, without white space around it. */
export async function git(args: readonly string[], options: GitOptions): Promise<string> {
  const printed = await gitBytes(args, { ...options, maxBytes: TEXT_BYTES })
  if (printed === undefined) throw new GatewayError('workspace_failed', 'Git said more than was asked for.')
  return printed.toString('utf8').trim()
}

/** Gives each record that git prints, up to its NUL, to `take`; `false` is enough and ends it. */
export async function gitRecords(
  args: readonly string[],
  options: GitOptions,
  take: (record: Buffer) => boolean,
): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  await runGit(args, options, (piece) => {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      const record = rest.subarray(0, end)
      rest = rest.subarray(end + 1)
      if (!take(record)) return false
    }
    return true
  })
}
