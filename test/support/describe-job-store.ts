/**
 * What every `JobStore` must do. Time is the store's own: the suite waits for what it is about, with a deadline, and no
 * longer than it must.
 */
import { describe } from 'vitest'
import { describeJobAttempts } from './job-store/attempts.ts'
import { describeJobCallbacks } from './job-store/callbacks.ts'
import { describeJobContents } from './job-store/contents.ts'
import { describeJobLists } from './job-store/lists.ts'
import { describeJobSubmission } from './job-store/submission.ts'
import type { OpenJobStore } from './job-store/under-test.ts'

export type { JobStoreUnderTest, OpenJobStore } from './job-store/under-test.ts'

/** `open` gives an empty store each time. */
export function describeJobStore(name: string, open: OpenJobStore): void {
  describe(`job store: ${name}`, () => {
    describeJobSubmission(open)
    describeJobAttempts(open)
    describeJobContents(open)
    describeJobLists(open)
    describeJobCallbacks(open)
  })
}
