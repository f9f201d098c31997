/** What goes wrong behind the CLI when a prompt directs it, and how a caller may learn of it. */
import type { Random } from '../soak/random.ts'
import { words } from '../soak/texts.ts'
import type { Chat } from './chat-body.ts'
import type { Answer } from './fuzz-case.ts'

/** Where the CLI tries again by itself, its time may be up first. */
const MISHAPS: readonly [readonly [string, ...Answer[]], ...(readonly [string, ...Answer[]])[]] = [
  ['status=529', 'overloaded', 'timeout'],
  ['status=529 fail-times=1', 'ok', 'overloaded'],
  ['status=500', 'upstream_failed', 'timeout'],
  ['status=503', 'upstream_failed', 'timeout'],
  ['status=500 message="API Error: at /srv/secret.js:1:2"', 'upstream_failed', 'timeout'],
  ['status=400', 'upstream_refused'],
  ['status=400 message="Prompt is too long"', 'context_length_exceeded'],
  ['status=404', 'upstream_refused'],
  ['status=402', 'insufficient_quota'],
  ['status=413', 'invalid_request'],
  ['status=401', 'cli_not_logged_in'],
  ['status=403', 'upstream_refused'],
  ['status=504', 'upstream_failed', 'timeout'],
  ['status=429', 'rate_limit_exceeded', 'timeout'],
  ['status=429 retry-after=7', 'rate_limit_exceeded', 'timeout'],
  ['drop=0', 'upstream_failed', 'timeout', 'cli_failed'],
  ['drop=3', 'upstream_failed', 'timeout', 'cli_failed'],
  ['stall=2', 'timeout'],
  ['end=0', 'upstream_failed', 'timeout', 'cli_failed'],
  ['end=2', 'upstream_failed', 'timeout', 'cli_failed'],
  ['error=0', 'overloaded', 'upstream_failed', 'timeout'],
  ['error=2', 'overloaded', 'upstream_failed', 'timeout'],
  ['garbage=2', 'ok', 'upstream_failed', 'cli_failed', 'timeout'],
  ['stop=refusal', 'ok', 'no_answer'],
  ['empty=1', 'ok'],
  ['nonsense', 'upstream_refused'],
  ['status=200', 'upstream_refused'],
  ['hang=1 drop=1', 'upstream_refused'],
  ['call=NoSuchTool', 'upstream_refused', 'ok'],
]

/** It hangs until its time is up, so it is rare. */
const HANGS: readonly [string, ...Answer[]] = ['hang=1', 'timeout']
const HANG = 0.04

/** A request that something befalls. */
export function doomedChat(random: Random): Chat {
  const [direction, ...may] = random.chance(HANG) ? HANGS : random.pick(MISHAPS)
  const text = `${words(random, 8)} [rehearse ${direction}]`
  return {
    body: {
      stream: random.chance(0.7),
      messages: [
        ...(random.chance(0.3) ? [{ role: 'system', content: words(random, 5) }] : []),
        { role: 'user', content: text },
      ],
    },
    may,
  }
}
