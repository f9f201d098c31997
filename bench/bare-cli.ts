/** The CLI without the gateway: what it costs by itself, and what it sends by default. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Rehearsal } from '../src/rehearsal/index.ts'
import { nowMs } from './clock.ts'
import { quietEnvironment } from './quiet-environment.ts'

export interface BareCli {
  readonly cliPath: string
  readonly directory: string
  readonly upstream: string
  readonly signal: AbortSignal
}

/** Its answer as lines of JSON, token by token, with nothing that would slow it down. */
const STREAMED: readonly string[] = [
  '-p',
  '--output-format',
  'stream-json',
  '--include-partial-messages',
  '--verbose',
  '--tools',
  '',
  '--setting-sources',
  '',
  '--strict-mcp-config',
  '--no-session-persistence',
]

interface Line {
  readonly event?: { readonly delta?: { readonly type?: string; readonly text?: string } }
}

/** One question on the command line; `onText` gets each text with the time when its line was read. */
export async function askBareCli(
  cli: BareCli,
  prompt: string,
  onText: (text: string, atMs: number) => void,
): Promise<void> {
  await runCli(cli, [...STREAMED, '--model', 'sonnet', '--system-prompt', 'Be brief.', prompt], (line, atMs) => {
    const { event } = JSON.parse(line) as Line
    if (event?.delta?.type === 'text_delta' && event.delta.text) onText(event.delta.text, atMs)
  })
}

/** What the CLI with its default arguments sends beside the prompt, in bytes: of the request that asks it. */
export async function defaultBytes(cli: BareCli, rehearsal: Rehearsal): Promise<number> {
  const prompt = 'What can you do for me today?'
  rehearsal.forget()
  await runCli(cli, ['-p', prompt], () => undefined)
  const asking = rehearsal.requests.filter(({ rawBody }) => rawBody.includes(prompt))
  if (asking.length === 0) throw new Error('the CLI did not send its prompt')
  return Math.max(...asking.map(({ rawBody }) => Buffer.byteLength(rawBody))) - Buffer.byteLength(prompt)
}

async function runCli(
  { cliPath, directory, upstream, signal }: BareCli,
  args: readonly string[],
  onLine: (line: string, atMs: number) => void,
): Promise<void> {
  const env = quietEnvironment({ directory, upstream })
  const cwd = join(directory, 'empty')
  mkdirSync(cwd, { recursive: true })
  const child = spawn(cliPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'], signal, killSignal: 'SIGKILL' })
  createInterface(child.stdout).on('line', (line) => onLine(line, nowMs()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`the CLI by itself ended with ${code}`)
}
