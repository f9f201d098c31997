import { expect, test } from 'vitest'
import { runSoak } from './run-soak.ts'
import { summaryLines } from './summary.ts'

const SOAK_MS = 300_000

test(
  '[WP1] [WP3] [WP4] [WP5] [WP7] [CC13] [CV5] [LG2] conversations at once, edited, interrupted and killed under, never meet and leave nothing',
  { timeout: SOAK_MS },
  async () => {
    const summary = await runSoak({ conversations: 200, seed: 1 })
    const { ledger, counts, kills, turns } = summary
    console.log(summaryLines(summary).join('\n'))
    expect(ledger.violations).toEqual([])
    expect(ledger.violated).toBe(0)
    expect(ledger.refused).toBeLessThan(turns / 10)
    expect(ledger.bodies).toBeGreaterThan(400)
    expect(counts.interrupts).toBeGreaterThan(20)
    expect(kills).toBeGreaterThan(5)
    expect(Object.keys(counts.hits).toSorted()).toEqual(['fresh', 'kept', 'replayed', 'rewound'])
  },
)
