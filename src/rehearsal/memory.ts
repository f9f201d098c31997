import { createHash } from 'node:crypto'
import type { Message } from './messages-request.ts'
import { toBlocks } from './messages-request.ts'
import type { Asked } from './prompt.ts'
import type { Circumstances } from './reply.ts'

/** How many prompts and how many message lists are remembered; the oldest are forgotten. */
export const MAX_REMEMBERED = 50_000

/** What the rehearsal keeps of the requests before, as hashes. */
export class Memory {
  readonly #timesAsked = new Map<string, number>()
  readonly #timesAskedInRound = new Map<string, number>()
  readonly #seen = new Map<string, true>()

  /** Takes a request down and tells in what circumstances it comes. */
  note(messages: readonly Message[], { prompt, round }: Pick<Asked, 'prompt' | 'round'>): Circumstances {
    const timesAsked = count(this.#timesAsked, hash('', prompt))
    const timesAskedInRound = count(this.#timesAskedInRound, hash(`${round} `, prompt))
    const beginnings = beginningsOf(messages)
    const isBeginningSeen = beginnings.slice(0, -1).some((beginning) => this.#seen.has(beginning))
    remember(this.#seen, beginnings.at(-1) ?? '', true)
    return { timesAsked, timesAskedInRound, isBeginningSeen }
  }

  forget(): void {
    this.#timesAsked.clear()
    this.#timesAskedInRound.clear()
    this.#seen.clear()
  }
}

/** Counts one more; gives how many there were before. */
function count(counts: Map<string, number>, key: string): number {
  const before = counts.get(key) ?? 0
  remember(counts, key, before + 1)
  return before
}

function remember<Value>(memory: Map<string, Value>, key: string, value: Value): void {
  memory.delete(key)
  memory.set(key, value)
  if (memory.size <= MAX_REMEMBERED) return
  for (const oldest of memory.keys()) {
    memory.delete(oldest)
    return
  }
}

/** A name for each beginning of the list, the shortest first. */
function beginningsOf(messages: readonly Message[]): readonly string[] {
  let beginning = ''
  return messages.map((message) => (beginning = hash(beginning, essence(message))))
}

/** The CLI moves its cache marks from message to message; they and empty blocks make no difference. */
const essence = ({ role, content }: Message): string =>
  JSON.stringify([role, toBlocks(content).filter(({ text }) => text !== '')], (key, value: unknown) =>
    key === 'cache_control' ? undefined : value,
  )

const hash = (before: string, text: string): string => createHash('sha256').update(before).update(text).digest('base64')
