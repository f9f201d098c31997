/** Judges every reply of a server in a test's own process; a test, or its file, fails with what is wrong. */
import { afterAll, afterEach } from 'vitest'
import { keepReply, takeViolations } from './violations.ts'
import { watchReplies } from './watch-replies.ts'

const MAX_SHOWN = 20

watchReplies(keepReply)

function failOnViolations(): void {
  const violations = takeViolations()
  if (violations.length === 0) return
  const shown = violations.slice(0, MAX_SHOWN).join('\n')
  throw new Error(`${violations.length} faults in replies, by OpenAI's schema:\n${shown}`)
}

afterEach(failOnViolations)
// A reply may end after the test that asked for it.
afterAll(failOnViolations)
