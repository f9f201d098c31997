import { expect, test } from 'vitest'
import { takeViolations } from '../oracle/violations.ts'
import { runFuzz } from './run-fuzz.ts'
import { summaryLines } from './summary.ts'

const FUZZ_MS = 180_000

test(
  '[ER1] [ER2] [ER3] [ER9] [ER10] [CC4] [CC14] [CL2] [AU1] [HE2] [IM3] [LG2] whatever is sent has a reply of ours, and leaves nothing',
  { timeout: FUZZ_MS },
  async () => {
    const summary = await runFuzz({ requests: 400, seed: 1 })
    const { books } = summary
    console.log(summaryLines(summary).join('\n'))
    // The replies were judged by their paths as a server reads them.
    takeViolations()
    expect(books.violations).toEqual([])
    expect(books.violated).toBe(0)
    expect(summary.sent).toBeGreaterThan(100)
    expect(Object.keys(books.statuses).length).toBeGreaterThan(20)
  },
)
