/** Clients that never give up: they talk, submit, cancel and follow while gateways come and go. */
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { z } from 'zod'
import type { Random } from '../soak/random.ts'
import { delay } from '../support/stage.ts'
import type { Ledger } from './ledger.ts'

const RETRY_MS = 100
const SESSIONS = 4
const SUBMITTERS = 3
/** A submitter waits while so many of its jobs are not over. */
const MAX_OPEN = 10

const submitted = z.object({ job_id: z.string() })
const state = z.object({ status: z.string() })
const terminal = (status: string): boolean => status !== 'queued' && status !== 'running'

export interface LoadOptions {
  /** The addresses that serve at the moment. */
  readonly urls: () => readonly string[]
  readonly ledger: Ledger
  readonly random: Random
  /** No new work is begun once it aborts. */
  readonly signal: AbortSignal
}

export interface Client {
  /** A request to one of the gateways; `undefined` where it could not be answered. */
  ask(path: string, init?: RequestInit): Promise<Response | undefined>
}

export const createClient = ({ urls, random }: Pick<LoadOptions, 'urls' | 'random'>): Client => ({
  async ask(path, init = {}) {
    const [first, ...others] = urls()
    if (first === undefined) return undefined
    const headers = new Headers(init.headers)
    headers.set('authorization', 'Bearer k')
    headers.set('connection', 'close')
    try {
      return await fetch(random.pick([first, ...others]) + path, { ...init, headers })
    } catch {
      // The gateway is gone, or was while it answered.
      return undefined
    }
  },
})

const post = (body: object, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})

/** The body, or `undefined` where it breaks off or is no success. */
async function json<T>(response: Response | undefined, schema: z.ZodType<T>): Promise<T | undefined> {
  if (response?.ok !== true) {
    await response?.body?.cancel().catch(() => undefined)
    return undefined
  }
  try {
    return schema.parse(await response.json())
  } catch {
    return undefined
  }
}

/** Whether the stream came to its end. */
async function isWhole(response: Response | undefined): Promise<boolean> {
  if (response?.ok !== true) return false
  try {
    return (await response.text()).endsWith('data: [DONE]\n\n')
  } catch {
    return false
  }
}

async function talk(session: string, { ledger, random, signal }: LoadOptions, client: Client): Promise<void> {
  const said: string[] = []
  ledger.turns.set(session, said)
  for (let count = 0; !signal.aborted; count++) {
    const message = `say exactly: ${session} turn ${count} Здравей 🙂`
    const stream = random.chance(0.5)
    const answer = await client.ask('/v1/conversational', post({ session_id: session, message, stream }))
    const whole = stream ? await isWhole(answer) : (await json(answer, z.object({ reply: z.string() }))) !== undefined
    if (whole) said.push(message)
    else await delay(RETRY_MS)
    await delay(random.between(0, 100))
  }
}

async function follow(id: string, { ledger, urls }: LoadOptions, client: Client): Promise<void> {
  const seen: number[] = []
  ledger.followed.set(id, seen)
  for (;;) {
    if (urls().length === 0) await delay(RETRY_MS)
    const answer = await client.ask(`/jobs/${id}/events`, { headers: { 'last-event-id': String(seen.at(-1) ?? 0) } })
    if (answer?.status === 204) return
    try {
      if (answer?.ok !== true || answer.body === null) throw new Error('no events')
      const events = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      for await (const { id: sequence, event } of events) {
        seen.push(Number(sequence))
        if (event === 'ended') return
      }
    } catch {
      await delay(RETRY_MS)
    }
  }
}

async function submit(name: string, options: LoadOptions, client: Client, followers: Promise<void>[]): Promise<void> {
  const { ledger, random, signal } = options
  let open: string[] = []
  for (let count = 0; !signal.aborted;) {
    const kind = random.weighted({ quick: 6, slow: 3, failing: 1 })
    const words = {
      quick: '[rehearse first=50]',
      slow: '[rehearse slow=150]',
      failing: '[rehearse status=529 fail-times=1]',
    }
    const order = {
      agent: 'worker',
      prompt: `say exactly: ${name} ${count} one two three four five six ${words[kind]}`,
      priority: random.between(-2, 2),
    }
    const answer = await client.ask('/execute', post(order, { 'idempotency-key': `${name}-${count}` }))
    const job = await json(answer, submitted)
    if (job === undefined) {
      // Not known whether it was taken: the same again, under the same key.
      await delay(RETRY_MS)
      continue
    }
    count++
    const { job_id: id } = job
    ledger.jobs.add(id)
    open.push(id)
    if (random.chance(0.2)) followers.push(follow(id, options, client))
    if (random.chance(0.15)) {
      await delay(random.between(0, 1500))
      const cancelled = await json(await client.ask(`/jobs/${id}`, { method: 'DELETE' }), state)
      if (cancelled?.status === 'cancelled') ledger.cancelled.add(id)
    }
    while (open.length >= MAX_OPEN && !signal.aborted) {
      const still: string[] = []
      for (const each of open) {
        const looked = await json(await client.ask(`/jobs/${each}`), state)
        if (looked === undefined || !terminal(looked.status)) still.push(each)
      }
      open = still
      await delay(RETRY_MS)
    }
  }
}

/** Runs until the signal aborts and what was begun is answered; resolves to the followers, which end with their jobs. */
export async function load(options: LoadOptions): Promise<readonly Promise<void>[]> {
  const followers: Promise<void>[] = []
  const { random } = options
  const own = (name: string): [LoadOptions, Client] => {
    const forked = { ...options, random: random.fork(name) }
    return [forked, createClient(forked)]
  }
  await Promise.all([
    ...Array.from({ length: SESSIONS }, (_, index) => talk(`s${index}`, ...own(`s${index}`))),
    ...Array.from({ length: SUBMITTERS }, (_, index) => submit(`j${index}`, ...own(`j${index}`), followers)),
  ])
  return followers
}
