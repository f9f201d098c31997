/** The log: observations as JSON lines, or as its owner renders them. What is secret or said by callers never comes here. */
import pino from 'pino'
import { errorKind, GatewayError, type Observation, type Observer } from '../core/index.ts'
import { levelOf, type LogLevel } from './log-events.ts'

/** One line of the log, before it is text. */
export interface LogRecord {
  readonly timeMs: number
  readonly level: Exclude<LogLevel, 'silent'>
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

interface LogOptions {
  readonly level: LogLevel
  /** Makes a line, without its end, of a record; JSON where it is absent. */
  readonly render?: (record: LogRecord) => string
}

export interface Log extends Observer {
  /** What is logged from now on. */
  setLevel(level: LogLevel): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** What led to an error, what it was told of first. */
const causesOf = ({ cause }: Error): readonly string[] =>
  cause instanceof Error ? [cause.message, ...causesOf(cause)] : []

/**
 * What the log says of an error. The message of one that is the caller's fault may hold what the caller sent, so it is
 * told by its code and field alone.
 */
function withError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { reason: String(error) }
  const causes = causesOf(error)
  const cause = causes.length === 0 ? {} : { cause: causes.join(': ') }
  if (!(error instanceof GatewayError)) return { reason: error.message, ...cause, stack: error.stack }
  const { param, details } = error
  if (errorKind(error.code).status < 500) return { ...(param === undefined ? {} : { param }), details }
  return { reason: error.message, ...cause, details }
}

const LEVELS: Readonly<Record<number, LogRecord['level']>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }

/** The record in a line of pino's. */
function toRecord(line: string): LogRecord {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
  return { timeMs: Number(time), level: LEVELS[Number(level)] ?? 'error', message: String(msg), fields }
}

/** Opens the log on stderr, written at once, so that nothing is lost when the program ends. */
export function createLog({ level, render }: LogOptions): Log {
  /** The parameters of which it was said that they have no effect: said once each. */
  const told = new Set<string>()
  const untold = (observation: Observation): Observation => {
    if (observation.type !== 'parameters-ignored') return observation
    const names = observation.names.filter((name) => !told.has(name))
    for (const name of names) told.add(name)
    return { ...observation, names }
  }
  const hooks = render === undefined ? {} : { streamWrite: (line: string) => `${render(toRecord(line))}\n` }
  const logger = pino({ level, base: null, hooks }, pino.destination({ dest: 2, sync: true }))
  return {
    setLevel(next) {
      logger.level = next
    },
    info: (message, fields = {}) => logger.info(fields, message),
    observe(observation) {
      const { type, ...fields } = untold(observation)
      if ('names' in fields && fields.names.length === 0) return
      const flat = 'error' in fields ? { ...fields, error: undefined, ...withError(fields.error) } : fields
      logger[levelOf(observation)](flat, type)
    },
  }
}
