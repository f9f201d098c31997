/** The gateway's children while they live: told by its observations, weighed from outside, killed where that is the play. */
import { readFileSync } from 'node:fs'
import type { Observation } from '../../src/core/index.ts'

/** A process takes so much at most when it is used for the last time. */
const BUDGET_MB = 400
/** One turn may take it beyond its budget before it is retired. */
const SLACK_MB = 60

export interface Weights {
  readonly at: string
  readonly mb: readonly number[]
}

const rssAnonMb = (pid: number): number | undefined => {
  try {
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? undefined : Math.round(Number(kib) / 1024)
  } catch {
    // It ended just now.
    return undefined
  }
}

export class Children {
  readonly killed = new Set<number>()
  readonly weights: Weights[] = []
  readonly all = new Set<number>()
  /** Turns that each served. */
  readonly turns = new Map<number, number>()
  heaviestMb = 0
  readonly #live = new Set<number>()

  observe(seen: Observation): void {
    if (seen.type === 'process-started') {
      this.all.add(seen.pid)
      this.#live.add(seen.pid)
    }
    if (seen.type === 'process-ended') this.#live.delete(seen.pid)
    if (seen.type === 'turn-aligned' && seen.pid !== undefined)
      this.turns.set(seen.pid, (this.turns.get(seen.pid) ?? 0) + 1)
  }

  get live(): readonly number[] {
    return [...this.#live]
  }

  /** Weighs those that live; with a name the weights are kept under it. */
  weigh(at?: string): void {
    const mb = this.live.flatMap((pid) => rssAnonMb(pid) ?? []).toSorted((a, b) => a - b)
    this.heaviestMb = Math.max(this.heaviestMb, ...mb)
    if (at !== undefined) this.weights.push({ at, mb })
  }

  get isTooHeavy(): boolean {
    return this.heaviestMb > BUDGET_MB + SLACK_MB
  }

  kill(pid: number): void {
    this.killed.add(pid)
    process.kill(pid, 'SIGKILL')
  }
}
