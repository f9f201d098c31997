/** Looks at everything that was acknowledged, through a gateway that serves. */
import { z } from 'zod'
import { delay } from '../support/stage.ts'
import type { Ledger } from './ledger.ts'
import type { Client } from './load.ts'

const SETTLE_MS = 240_000

const jobBody = z.object({ status: z.string(), attempt: z.number() })
const eventLine = z.object({ sequence: z.number(), at: z.string() })
const conversationBody = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) })

interface Event {
  readonly type: string
  readonly sequence: number
  readonly atMs: number
}

async function read(client: Client, path: string): Promise<string> {
  const answer = await client.ask(path)
  if (answer?.ok !== true) throw new Error(`${path}: ${answer?.status} ${await answer?.text()}`)
  return await answer.text()
}

const eventsIn = (body: string): readonly Event[] =>
  body
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map((block) => {
      const type = /^event: (.*)$/m.exec(block)?.[1] ?? ''
      const { sequence, at } = eventLine.parse(JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? ''))
      return { type, sequence, atMs: Date.parse(at) }
    })

/** From the kill that took an attempt to the start of the next one. */
function takeOvers(events: readonly Event[], killedAtMs: readonly number[]): readonly number[] {
  return events.flatMap((event, index) => {
    const before = events[index - 1]
    const started = events.slice(0, index).findLast(({ type }) => type === 'started')
    if (event.type !== 'started' || started === undefined || before?.type === 'queued' || before?.type === 'retrying')
      return []
    const kill = killedAtMs.findLast((atMs) => atMs >= started.atMs && atMs <= event.atMs)
    return kill === undefined ? [] : [event.atMs - kill]
  })
}

export interface Verified {
  /** How many jobs ended in each state. */
  readonly states: Readonly<Record<string, number>>
  readonly begunAgain: number
  /** Milliseconds, ascending. */
  readonly takeOverMs: readonly number[]
}

async function verifyJob(id: string, { ledger, client }: { readonly ledger: Ledger; readonly client: Client }) {
  const { status, attempt } = jobBody.parse(JSON.parse(await read(client, `/jobs/${id}`)))
  const lost = (words: string): void => void ledger.losses.push(`job ${id}: ${words}`)
  if (ledger.cancelled.has(id) && status !== 'cancelled') lost(`was cancelled and is ${status}`)
  const events = eventsIn(await read(client, `/jobs/${id}/events`))
  if (events.some(({ sequence }, index) => sequence !== index + 1)) lost('its events have gaps')
  const ends = events.filter(({ type }) => type === 'ended')
  if (ends.length !== 1 || events.at(-1)?.type !== 'ended') lost(`it has ${ends.length} ends`)
  const starts = events.filter(({ type }) => type === 'started')
  if (starts.length !== attempt) lost(`${attempt} attempts and ${starts.length} starts`)
  const seen = ledger.followed.get(id)
  if (seen !== undefined && seen.join() !== events.map(({ sequence }) => sequence).join())
    lost(`a follower saw ${seen.join()} of ${events.length} events`)
  return { status, attempt, takeOverMs: takeOvers(events, ledger.killedAtMs) }
}

async function verifySession(
  session: string,
  said: readonly string[],
  { ledger, client }: { readonly ledger: Ledger; readonly client: Client },
): Promise<void> {
  if (said.length === 0) return
  const { messages } = conversationBody.parse(JSON.parse(await read(client, `/v1/conversational/${session}`)))
  const lost = (words: string): void => void ledger.losses.push(`session ${session}: ${words}`)
  const asked = messages.filter(({ role }) => role === 'user').map(({ content }) => content)
  if (new Set(asked).size !== asked.length) lost('a turn is there twice')
  const acknowledged = new Set(said)
  const kept = asked.filter((message) => acknowledged.has(message))
  if (kept.join('\n') !== said.join('\n')) lost(`${said.length} turns were acknowledged, ${kept.length} are there`)
  for (const [index, { role, content }] of messages.entries()) {
    const question = messages[index - 1]?.content ?? ''
    if (role === 'assistant' && `say exactly: ${content}` !== question) lost(`half a turn: ${question}`)
  }
}

/** Waits until every job is over. */
async function settle(ledger: Ledger, client: Client): Promise<void> {
  const lateMs = Date.now() + SETTLE_MS
  for (const id of ledger.jobs) {
    for (;;) {
      const { status } = jobBody.parse(JSON.parse(await read(client, `/jobs/${id}`)))
      if (status !== 'queued' && status !== 'running') break
      if (Date.now() > lateMs) {
        ledger.losses.push(`job ${id}: still ${status}`)
        break
      }
      await delay(100)
    }
  }
}

export async function verify(ledger: Ledger, client: Client): Promise<Verified> {
  await settle(ledger, client)
  const states: Record<string, number> = {}
  const takeOverMs: number[] = []
  let begunAgain = 0
  for (const id of ledger.jobs) {
    const job = await verifyJob(id, { ledger, client })
    states[job.status] = (states[job.status] ?? 0) + 1
    if (job.attempt > 1) begunAgain++
    takeOverMs.push(...job.takeOverMs)
  }
  for (const [session, said] of ledger.turns) await verifySession(session, said, { ledger, client })
  return { states, begunAgain, takeOverMs: takeOverMs.toSorted((a, b) => a - b) }
}
