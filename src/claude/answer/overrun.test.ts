import { expect, test } from 'vitest'
import { overrunError } from './overrun.ts'

test.each([
  ['first-token', 'The model did not begin to answer in time.'],
  ['token-gap', 'The model stopped in the middle of its answer.'],
  ['turn', 'The answer was not done in time.'],
] as const)(
  '[ER8] a turn that passes its limit %s is a timeout that says so, and the log is told which',
  (overrun, message) => {
    expect(overrunError(overrun)).toMatchObject({ code: 'timeout', message, details: { overrun } })
  },
)
