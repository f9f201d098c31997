/** The time to the first word: from a pooled process, and from the CLI started for each turn. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Config } from '../../config/index.ts'
import { onAbort } from '../../lib/index.ts'
import { stream, type Client, type Message } from './ask.ts'
import { DemoError } from './demo-error.ts'
import { paint, type Screen } from './screen.ts'

const POOLED_TURNS = 7
const ONE_SHOT_TURNS = 3
const QUESTION = 'Hello!'

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** Turns of one growing conversation, as a voice agent has them. */
async function pooledMs(client: Client): Promise<number> {
  const messages: Message[] = []
  const times: number[] = []
  for (let turn = 0; turn < POOLED_TURNS; turn++) {
    messages.push({ role: 'user', content: QUESTION })
    const { text, firstMs } = await stream(client, { messages, onText: () => {} })
    messages.push({ role: 'assistant', content: text })
    times.push(firstMs)
  }
  return median(times)
}

/** The time of `claude -p` to the first word of the same question. Rejects when the signal aborts. */
async function oneShotMs({ config, path, directory: cwd, signal }: CompareOptions): Promise<number> {
  const options = ['--output-format', 'stream-json', '--include-partial-messages', '--verbose', '--model', 'sonnet']
  const startedMs = performance.now()
  const child = spawn(path, ['-p', QUESTION, ...options], {
    cwd,
    env: { ...config.cliEnvironment },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const over = once(child, 'close')
  using _left = onAbort(signal, () => child.kill('SIGKILL'))
  try {
    for await (const line of createInterface({ input: child.stdout }))
      if (line.includes('"text_delta"')) return performance.now() - startedMs
    throw new DemoError('The CLI by itself returned no text.')
  } finally {
    child.kill('SIGKILL')
    await over
  }
}

export interface CompareOptions {
  readonly client: Client
  readonly screen: Screen
  readonly config: Config
  /** Of the CLI. */
  readonly path: string
  /** For the CLI to start in. */
  readonly directory: string
  /** Ends the process of the CLI that is under way. */
  readonly signal: AbortSignal
}

export async function compare(options: CompareOptions): Promise<void> {
  const { client, screen } = options
  screen.heading('Pooled against one-shot', 'time to the first word of the same question, median')
  screen.waitFor('both are measured')
  const pooled = await pooledMs(client)
  const times: number[] = []
  for (let turn = 0; turn < ONE_SHOT_TURNS; turn++) times.push(await oneShotMs(options))
  const oneShot = median(times)
  const row = (name: string, ms: number, turns: number): string =>
    `  ${name.padEnd(34)}${`${Math.round(ms)} ms`.padStart(9)}  ${paint('dim', `${turns} turns`)}`
  screen.line(row('pooled process of vivavoce', pooled, POOLED_TURNS))
  screen.line(row('one-shot, `claude -p` for each turn', oneShot, ONE_SHOT_TURNS))
  screen.line(`  ${paint('green', `${(oneShot / pooled).toFixed(1)} times faster`)}`)
}
