/** The command in a process of its own, as a user runs it. */
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { until } from './stage.ts'

const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Running extends AsyncDisposable {
  readonly pid: number
  readonly out: () => string
  readonly err: () => string
  readonly ended: Promise<Ran>
  /** Resolves once stdout and stderr together match. */
  says(pattern: RegExp): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Nobody reads its stdout, or stderr, any more. */
  stopReading(name?: 'stdout' | 'stderr'): void
  write(text: string): void
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Everything on its stdin; without it stdin stays open. */
  readonly input?: string | Uint8Array
  /** A file that stdout goes to. */
  readonly stdout?: number
}

export function startCommand(args: readonly string[], { env = {}, input, stdout }: RunOptions = {}): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env['PATH'], HOME: tmpdir(), API_BEARER_TOKEN: 'test-key', ...env },
    stdio: ['pipe', stdout ?? 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
  if (input !== undefined) child.stdin?.end(input)
  const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ code, out, err })))
  return {
    pid: child.pid ?? 0,
    out: () => out,
    err: () => err,
    ended,
    says: async (pattern) => void (await until(() => pattern.test(out + err))),
    kill: (signal) => void child.kill(signal),
    stopReading: (name = 'stdout') => void child[name]?.destroy(),
    write: (text) => void child.stdin?.write(text),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

export const runCommand = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  startCommand(args, { input: '', ...options }).ended
