/** What the warm engine is to reach. All but two are ratios within one run, so that they hold on any machine. */
import type { Figures } from './figures.ts'
import type { Spread } from './statistics.ts'

interface Goal {
  readonly what: string
  /** What is compared with the limit. */
  readonly value: (figures: Figures) => number
  readonly atLeast?: number
  readonly atMost?: number
  readonly unit: 'times' | 'ms'
}

export interface GoalReached {
  readonly what: string
  readonly wanted: string
  readonly measured: number
  readonly unit: Goal['unit']
  readonly met: boolean
}

const p95Ratio = (above: Spread | undefined, below: Spread | undefined): number =>
  (above?.p95 ?? Number.NaN) / (below?.p95 ?? Number.NaN)

const GOALS: readonly Goal[] = [
  {
    what: 'next turn of a conversation: first token faster than cold',
    value: ({ cells }) => cells.warm.next.timesFasterThanCold,
    atLeast: 14,
    unit: 'times',
  },
  {
    what: 'fresh conversation: first token faster than cold',
    value: ({ cells }) => cells.warm.fresh.timesFasterThanCold,
    atLeast: 10,
    unit: 'times',
  },
  {
    what: 'fresh conversations, 10 at once: first token faster than cold',
    value: ({ cells }) => cells.warm['fresh-10'].timesFasterThanCold,
    atLeast: 14,
    unit: 'times',
  },
  {
    what: 'fresh conversation, not streamed: whole answer faster than cold',
    value: ({ cells }) => cells.warm.whole.timesFasterThanCold,
    atLeast: 10,
    unit: 'times',
  },
  {
    what: 'turns per second, fresh conversations, 10 at once: beside cold',
    value: ({ cells }) => cells.warm['fresh-10'].turnsPerSecond / cells.cold['fresh-10'].turnsPerSecond,
    atLeast: 8,
    unit: 'times',
  },
  {
    what: '50 messages that no process has seen: first token beside a fresh conversation’s',
    value: ({ cells }) =>
      (cells.warm.history.firstTokenMs?.p50 ?? Number.NaN) / (cells.warm.fresh.firstTokenMs?.p50 ?? Number.NaN),
    atMost: 3,
    unit: 'times',
  },
  {
    what: 'client close to upstream closed',
    value: ({ cells }) => cells.warm['barge-in'].closeMs?.p50 ?? Number.NaN,
    atMost: 15,
    unit: 'ms',
  },
  {
    what: 'added to the CLI’s own line per relayed token',
    value: ({ engines }) => engines.warm.addedPerTokenMs,
    atMost: 1,
    unit: 'ms',
  },
  {
    what: 'bytes upstream beside the caller’s text, fresh: less than what the default CLI sends',
    value: ({ cells, defaultBesideBytes }) => defaultBesideBytes / cells.warm.fresh.besideBytesPerTurn,
    atLeast: 20,
    unit: 'times',
  },
  {
    what: 'first token of a quiet tenant beside a loud one’s chat: p95 beside its p95 alone',
    value: ({ sharing }) => p95Ratio(sharing.besideChat, sharing.alone),
    atMost: 1.5,
    unit: 'times',
  },
  {
    what: 'the same beside a loud one’s jobs',
    value: ({ sharing }) => p95Ratio(sharing.besideJobs, sharing.alone),
    atMost: 1.5,
    unit: 'times',
  },
]

/** Where nothing was measured a goal is not met. */
export const goalsReached = (figures: Figures): readonly GoalReached[] =>
  GOALS.map(({ what, value, atLeast = -Infinity, atMost = Infinity, unit }) => {
    const measured = value(figures)
    const limit = atMost === Infinity ? `≥ ${atLeast}` : `≤ ${atMost}`
    return {
      what,
      wanted: unit === 'ms' ? `p50 ${limit} ms` : `${limit} ×`,
      measured,
      unit,
      met: measured >= atLeast && measured <= atMost,
    }
  })
