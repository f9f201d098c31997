/** What a soak came to, as lines. */
import type { Children } from './children.ts'
import type { Counts } from './counts.ts'
import type { Ledger } from './ledger.ts'

export interface Summary {
  readonly seed: number
  readonly conversations: number
  readonly personaMode: string
  readonly seconds: number
  readonly turns: number
  readonly kills: number
  readonly ledger: Ledger
  readonly children: Children
  readonly counts: Counts
}

const list = (figures: Iterable<readonly [string, number | undefined]>): string =>
  [...figures].map(([name, figure]) => `${name} ${figure}`).join(', ') || 'none'

const rank = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

const spread = (figures: readonly number[]): string => {
  const sorted = figures.toSorted((a, b) => a - b)
  return `${rank(sorted, 0)} / ${rank(sorted, 0.5)} / ${rank(sorted, 1)}`
}

const delays = (figures: readonly number[]): string => {
  const sorted = figures.toSorted((a, b) => a - b)
  return `median ${rank(sorted, 0.5)}, 95 % ${rank(sorted, 0.95)}, longest ${rank(sorted, 1)}`
}

export function summaryLines(summary: Summary): readonly string[] {
  const { seed, conversations, personaMode, seconds, turns, kills, ledger, children, counts } = summary
  return [
    `seed ${seed}, persona ${personaMode}: ${conversations} conversations, ${turns} turns in ${seconds} s`,
    `turns: answered ${ledger.answered}, left ${ledger.left}, failed ${ledger.failed} (${list(ledger.failuresByCode)}), of which refused early ${ledger.refused}`,
    `requests to the model: ${ledger.bodies}, all looked at; asked again ${ledger.askedAgain} (for no known cause ${ledger.askedAgainUntold}), carried on by the CLI ${ledger.carriedOn}, thoughts ${ledger.thoughts}`,
    `hits: ${list(Object.entries(counts.hits))}; steps: ${list(Object.entries(counts.steps))}`,
    `until the question, ms: waited ${delays(counts.waitedMs)}; aligned ${delays(counts.alignedMs)}`,
    `interrupts: ${counts.interrupts}, of which ${counts.unrecovered.length} ended their process (killed: ${counts.unrecovered.filter((pid) => children.killed.has(pid)).length})`,
    `kills: ${kills}, turns that failed by them ${ledger.killed}`,
    `processes: ${children.all.size}, ended by ${list(Object.entries(counts.ends))}; turns of one: ${spread([...children.turns.values()])}`,
    `doubts: ${counts.doubts.length}${counts.doubts.map(({ pid, error }) => `; ${children.killed.has(pid) ? 'killed' : pid}: ${error}`).join('')}`,
    `starts that failed: ${counts.failedStarts.length}; lines ignored: ${counts.linesIgnored}`,
    `memory of a process, MB, least / median / most: ${children.weights.map(({ at, mb }) => `${at} ${spread(mb)}`).join(', ')}; heaviest ever ${children.heaviestMb}`,
    ...ledger.violations.map(
      ({ what, conversation, turn, detail }) =>
        `VIOLATION ${what}: conversation ${conversation}, turn ${turn}: ${detail}`,
    ),
    `violations: ${ledger.violated}`,
  ]
}
