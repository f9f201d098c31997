/** The product at work, seen from outside: a gateway on a free port, asked over HTTP as any client would. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { loadConfig, readEnvironment, type Config } from '../config/index.ts'
import type { Options, Values } from './command-line/index.ts'
import { startGateway } from '../main.ts'
import { createLog } from '../telemetry/index.ts'
import { CommandError } from './command-error.ts'
import { rehearse } from './rehearse.ts'
import { settingsOf } from './setting-options.ts'

const JOB_POLL_MS = 200

/** What the demonstration showed is not what it should be. */
class DemoError extends CommandError {
  override readonly name = 'DemoError'
}

interface Client {
  readonly url: string
  readonly key: string
}

interface Row {
  readonly what: string
  readonly firstMs: number
  readonly totalMs: number
  readonly tokens: number
  readonly finish: string
}

/** The fields of a chunk that the demonstration reads. */
interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string }; readonly finish_reason: string | null }[]
  readonly usage?: { readonly completion_tokens: number }
  readonly error?: { readonly message: string }
}

const say = (text: string): void => {
  process.stdout.write(text)
}

async function call<T>({ url, key }: Client, path: string, body?: object): Promise<T> {
  const response = await fetch(url + path, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  if (!response.ok) throw new DemoError(`${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

/** One streamed answer, printed as it arrives. */
async function speak({ url, key }: Client, what: string, content: string): Promise<Row> {
  say(`\n${what}\n  you:       ${content}\n  assistant: `)
  const startedMs = performance.now()
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sonnet',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content }],
    }),
  })
  if (!response.ok || response.body === null)
    throw new DemoError(`the stream was refused with ${response.status}: ${await response.text()}`)
  let firstMs = Number.NaN
  let tokens = 0
  let finish = 'none'
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  for await (const { data } of events) {
    if (data === '[DONE]') break
    const chunk = JSON.parse(data) as Chunk
    if (chunk.error !== undefined) throw new DemoError(`the stream failed: ${chunk.error.message}`)
    const [choice] = chunk.choices
    if (choice?.delta.content !== undefined) {
      if (Number.isNaN(firstMs)) firstMs = performance.now() - startedMs
      say(choice.delta.content)
    }
    finish = choice?.finish_reason ?? finish
    tokens = chunk.usage?.completion_tokens ?? tokens
  }
  say('\n')
  if (Number.isNaN(firstMs) || finish !== 'stop')
    throw new DemoError(`the answer did not end as it should (finish reason ${finish})`)
  return { what, firstMs, totalMs: performance.now() - startedMs, tokens, finish }
}

/** Two turns of a conversation that the gateway keeps. */
async function converse(client: Client): Promise<void> {
  say('\nA conversation of two turns\n')
  for (const message of ['My name is Ada.', 'recall what I told you']) {
    const { reply } = await call<{ reply: string }>(client, '/v1/conversational', { session_id: 'demo', message })
    say(`  you:       ${message}\n  assistant: ${reply}\n`)
    if (message.startsWith('recall') && !reply.includes('Ada'))
      throw new DemoError('the conversation was not remembered')
  }
}

/** One background run of an agent, followed to its end. */
async function work(client: Client): Promise<void> {
  say('\nA background job\n')
  const prompt = 'A recruiter wrote to me about a job at Example Ltd. What is known of the company?'
  const { job_id: id } = await call<{ job_id: string }>(client, '/execute', { prompt, agent: 'recruiter-triage' })
  say(`  ${id}: queued`)
  for (;;) {
    const job = await call<{ status: string; output: string | null; error: string | null }>(client, `/jobs/${id}`)
    if (job.status === 'completed') {
      say(`, ${job.status}\n  ${job.output?.split('\n').join('\n  ')}\n`)
      return
    }
    if (job.status !== 'queued' && job.status !== 'running')
      throw new DemoError(`the job ended as ${job.status}: ${job.error}`)
    await delay(JOB_POLL_MS)
  }
}

function table(rows: readonly Row[]): string {
  const cells = [
    ['', 'first token', 'total', 'tokens', 'finish'],
    ...rows.map(({ what, firstMs, totalMs, tokens, finish }) => [
      what,
      `${Math.round(firstMs)} ms`,
      `${Math.round(totalMs)} ms`,
      String(tokens),
      finish,
    ]),
  ]
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? []
  return cells
    .map(
      (row) =>
        `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart((widths[column] ?? 0) + 2))).join('')}`,
    )
    .join('\n')
}

async function show(config: Config, { rehearsal }: { readonly rehearsal: boolean }): Promise<void> {
  const log = createLog({ level: 'error' })
  const gateway = await startGateway(
    { ...config, VIVAVOCE_HOST: '127.0.0.1', VIVAVOCE_PORT: 0 },
    { observer: log, rehearsal },
  )
  try {
    const cli = await gateway.ready
    const key = gateway.key?.value ?? config.VIVAVOCE_TENANTS?.[0]?.key ?? ''
    const client = { url: gateway.url, key }
    say(
      `vivavoce listens on ${gateway.url}; Claude Code CLI ${cli.version}${rehearsal ? '; the model API behind it is a rehearsal' : ''}\n`,
    )
    const rows = [
      await speak(client, 'Bulgarian', 'Здравей! Какво можеш да правиш? 🙂'),
      await speak(client, 'English', 'Hello! What can you do?'),
    ]
    await converse(client)
    await work(client)
    say(`\n${table(rows)}\n`)
  } finally {
    await gateway.close()
  }
}

/** Resolves to 0 when everything it showed went as it should; throws what went wrong. */
export async function runDemo(values: Values<Options>): Promise<number> {
  const options = settingsOf(values)
  if (values['live'] !== true) {
    await using set = await rehearse({ options, ownData: true })
    await show(set.config, { rehearsal: true })
    return 0
  }
  const directory = await mkdtemp(join(tmpdir(), 'vivavoce-demo-'))
  try {
    await show(loadConfig(readEnvironment(), { options: { ...options, VIVAVOCE_DATA_DIR: directory } }), {
      rehearsal: false,
    })
    return 0
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}
