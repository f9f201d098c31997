/** One block of measuring: one scenario on one row, so many conversations, a steady number of them at once. */
import type { Rehearsal } from '../src/rehearsal/index.ts'
import type { Answer, Client } from './ask.ts'
import { nowMs } from './clock.ts'
import { bytesOf } from './conversation.ts'
import { cpuMsOf } from './process-tree.ts'
import type { Row } from './rows.ts'
import type { Scenario } from './scenarios.ts'
import { sumOf } from './statistics.ts'
import type { Texts } from './texts.ts'

const CLOSE_MS = 10_000

/** What all blocks share. */
export interface Ground {
  readonly rehearsal: Rehearsal
  readonly client: Client
  readonly texts: Texts
  /** Turns of a conversation. */
  readonly turns: number
  readonly signal: AbortSignal
}

export interface BlockOptions {
  readonly scenario: Scenario
  readonly atOnce: number
  readonly conversations: number
}

/** What was measured. Everything but the times to the first token is over all turns, the unmeasured ones of a conversation too. */
export interface Block {
  readonly firstTokenMs: readonly number[]
  /** From the client's close to that of the request upstream. */
  readonly closeMs: readonly number[]
  readonly turns: number
  readonly elapsedMs: number
  /** The texts alone. */
  readonly callerBytes: number
  /** Bodies of requests to the model. */
  readonly upstreamBytes: number
  /** Of the gateway and all that it started, until it was at rest again; absent where it is not told. */
  readonly cpuMs?: number
}

interface Left {
  readonly name: string
  readonly atMs: number
}

/** @throws what went wrong, with the last of the gateway's log. */
export async function runBlock(ground: Ground, row: Row, options: BlockOptions): Promise<Block> {
  try {
    return await measure(ground, row, options)
  } catch (error) {
    throw new Error(`${row.name}: ${String(error)}\n${row.gateway?.logTail() ?? ''}`, { cause: error })
  }
}

async function measure(ground: Ground, row: Row, options: BlockOptions): Promise<Block> {
  const { rehearsal, client, texts, turns: conversationTurns, signal } = ground
  const { scenario, atOnce, conversations } = options
  await row.gateway?.settled({ signal })
  rehearsal.forget()
  const firstTokenMs: number[] = []
  const leavings: Left[] = []
  let turns = 0
  let callerBytes = 0

  const play = {
    texts,
    turns: conversationTurns,
    ask: async (conversation, options) => {
      turns += 1
      callerBytes += bytesOf(conversation)
      return await client.ask(row.target, conversation, { signal, ...options })
    },
    measured: ({ firstTextAtMs, sentAtMs }) => void firstTokenMs.push(firstTextAtMs - sentAtMs),
    left: ({ overAtMs }: Answer, name: string) => void leavings.push({ name, atMs: overAtMs }),
  } satisfies Parameters<Scenario>[0]

  let begun = 0
  const caller = async (): Promise<void> => {
    while (begun < conversations) {
      begun += 1
      await scenario(play)
    }
  }
  const cpuBeforeMs = row.gateway === undefined ? undefined : cpuMsOf(row.gateway.pid)
  const beganAtMs = nowMs()
  await Promise.all(Array.from({ length: atOnce }, caller))
  const elapsedMs = nowMs() - beganAtMs
  const closeMs = await Promise.all(leavings.map((left) => closeMsOf(left, ground)))
  await row.gateway?.settled({ signal })
  const cpuAfterMs = row.gateway === undefined ? undefined : cpuMsOf(row.gateway.pid)
  const upstreamBytes = sumOf(rehearsal.requests.map(({ rawBody }) => Buffer.byteLength(rawBody)))
  return {
    firstTokenMs,
    closeMs,
    turns,
    elapsedMs,
    callerBytes,
    upstreamBytes,
    ...(cpuBeforeMs === undefined || cpuAfterMs === undefined ? {} : { cpuMs: cpuAfterMs - cpuBeforeMs }),
  }
}

/** The request of the turn that was left is the first one of its conversation. */
async function closeMsOf({ name, atMs }: Left, { rehearsal, signal }: Ground): Promise<number> {
  const number = rehearsal.requests.find(({ rawBody }) => rawBody.includes(name))?.number
  if (number === undefined) throw new Error('a turn that was answered never came to the model')
  const { state, closedAtMs = Number.NaN } = await rehearsal.waitFor(
    (request) => request.number === number && request.state !== 'open',
    { signal: AbortSignal.any([signal, AbortSignal.timeout(CLOSE_MS)]) },
  )
  if (state !== 'closed-early') throw new Error('an answer was over before its caller left')
  return closedAtMs - atMs
}

/** Several blocks of a column as one. */
export const together = (blocks: readonly Block[]): Block => {
  const cpuMs = blocks.flatMap((block) => block.cpuMs ?? [])
  return {
    firstTokenMs: blocks.flatMap((block) => block.firstTokenMs),
    closeMs: blocks.flatMap((block) => block.closeMs),
    turns: sumOf(blocks.map((block) => block.turns)),
    elapsedMs: sumOf(blocks.map((block) => block.elapsedMs)),
    callerBytes: sumOf(blocks.map((block) => block.callerBytes)),
    upstreamBytes: sumOf(blocks.map((block) => block.upstreamBytes)),
    ...(cpuMs.length === blocks.length ? { cpuMs: sumOf(cpuMs) } : {}),
  }
}
