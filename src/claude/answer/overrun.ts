import { GatewayError } from '../../core/index.ts'
import type { Overrun } from './watchdog.ts'

const SENTENCES = {
  'first-token': 'The model did not begin to answer in time.',
  'token-gap': 'The model stopped in the middle of its answer.',
  turn: 'The answer was not done in time.',
} satisfies Record<Overrun, string>

/** The failure of a turn that passed one of its limits. */
export const overrunError = (overrun: Overrun): GatewayError =>
  new GatewayError('timeout', SENTENCES[overrun], { details: { overrun } })
