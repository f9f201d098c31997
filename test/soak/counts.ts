/** What a soak's observations come to. */
import type { HitKind, Observation, StopCause } from '../../src/core/index.ts'

export interface Counts {
  readonly hits: Partial<Record<HitKind, number>>
  readonly ends: Partial<Record<StopCause, number>>
  readonly steps: Record<string, number>
  interrupts: number
  /** The processes that did not come to rest after one. */
  readonly unrecovered: number[]
  linesIgnored: number
  readonly doubts: { readonly pid: number; readonly error: string }[]
  readonly failedStarts: string[]
  readonly failedCleanups: string[]
  /** How long requests waited for a process, and from then on until the question, in milliseconds. */
  readonly waitedMs: number[]
  readonly alignedMs: number[]
}

export const createCounts = (): Counts => ({
  hits: {},
  ends: {},
  steps: {},
  interrupts: 0,
  unrecovered: [],
  linesIgnored: 0,
  doubts: [],
  failedStarts: [],
  failedCleanups: [],
  waitedMs: [],
  alignedMs: [],
})

const words = (error: unknown): string =>
  error instanceof Error
    ? `${error.name}: ${error.message}${error.cause === undefined ? '' : ` (${words(error.cause)})`}`
    : String(error)

export function count(counts: Counts, seen: Observation): void {
  switch (seen.type) {
    case 'turn-aligned':
      counts.hits[seen.kind] = (counts.hits[seen.kind] ?? 0) + 1
      for (const step of seen.steps) counts.steps[step] = (counts.steps[step] ?? 0) + 1
      counts.waitedMs.push(seen.waitedMs)
      counts.alignedMs.push(seen.ms - seen.waitedMs)
      break
    case 'turn-interrupted':
      counts.interrupts++
      if (!seen.recovered) counts.unrecovered.push(seen.pid)
      break
    case 'process-ended':
      counts.ends[seen.cause] = (counts.ends[seen.cause] ?? 0) + 1
      break
    case 'process-doubted':
      counts.doubts.push({ pid: seen.pid, error: words(seen.error) })
      break
    case 'process-start-failed':
      counts.failedStarts.push(words(seen.error))
      break
    case 'cleanup-failed':
      counts.failedCleanups.push(`${seen.what}: ${words(seen.error)}`)
      break
    case 'line-ignored':
      counts.linesIgnored++
      break
    default:
      break
  }
}
