/** The command on a pseudo-terminal, as a person runs it: `script` of util-linux makes the terminal. */
import { execFileSync, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))
const COLUMNS = 100

export const hasPseudoTerminal = ((): boolean => {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux')
  } catch {
    return false
  }
})()

export interface OnTerminal extends AsyncDisposable {
  /** Everything on the screen so far, with what colours it, line ends as `\n`. */
  screen(): string
  /** As the user does it. */
  interrupt(): void
  readonly exitCode: Promise<number | null>
}

/** `more` is added behind the command: a redirection. */
export function startOnTerminal(
  args: readonly string[],
  { env = {}, more = '' }: { readonly env?: Readonly<Record<string, string>>; readonly more?: string } = {},
): OnTerminal {
  const words = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', `stty cols ${COLUMNS} rows 50; exec ${words} ${more}`, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: tmpdir(), TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
  })
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
  const exitCode = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    screen: () => screen.replaceAll('\r\n', '\n'),
    interrupt: () => void child.stdin.write('\u0003'),
    exitCode,
    async [Symbol.asyncDispose]() {
      // The terminal goes, and with it, by SIGHUP, what runs on it.
      child.kill('SIGTERM')
      await exitCode
    },
  }
}
