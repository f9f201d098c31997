/** A line of the log for a terminal. */
import type { LogRecord } from '../../telemetry/index.ts'
import { harmlessJson } from '../harmless.ts'
import type { Paint } from '../paint.ts'

const COLOURS = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const

const LEVEL = 5
/** What reads as one word without quotes. */
const PLAIN = /^[\w./:@+-]+$/

const asText = (value: unknown): string =>
  typeof value === 'string' && PLAIN.test(value) ? value : harmlessJson(value)

/**
 * `08:30:12 info  request-finished method=POST …`: one line without a character that a terminal would obey.
 * The ID of the request, which is long, is last.
 */
export function logLine({ timeMs, level, message, fields }: LogRecord, paint: Paint): string {
  const time = new Date(timeMs).toTimeString().slice(0, 'HH:MM:SS'.length)
  const { requestId, ...first } = fields
  const ordered = Object.entries({ ...first, requestId }).filter(([, value]) => value !== undefined)
  const shown = ordered.map(([name, value]) => `${paint('dim', `${name}=`)}${asText(value)}`)
  return [paint('dim', time), paint(COLOURS[level], level.padEnd(LEVEL)), paint('bold', message), ...shown].join(' ')
}
