/** The log: observations as JSON lines. What is secret or said by callers never comes here. */
import pino from 'pino'
import { errorKind, GatewayError, type Observation, type Observer } from '../core/index.ts'
import { levelOf, type LogLevel } from './log-events.ts'

export interface Log extends Observer {
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

/** Opens the log on stderr, written at once, so that nothing is lost when the program ends. */
export function createLog({ level }: { readonly level: LogLevel }): Log {
  /** The parameters of which it was said that they have no effect: said once each. */
  const told = new Set<string>()
  const untold = (observation: Observation): Observation => {
    if (observation.type !== 'parameters-ignored') return observation
    const names = observation.names.filter((name) => !told.has(name))
    for (const name of names) told.add(name)
    return { ...observation, names }
  }
  const logger = pino({ level, base: null }, pino.destination({ dest: 2, sync: true }))
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    observe(observation) {
      const { type, ...fields } = untold(observation)
      if ('names' in fields && fields.names.length === 0) return
      const flat = 'error' in fields ? { ...fields, error: undefined, ...withError(fields.error) } : fields
      logger[levelOf(observation)](flat, type)
    },
  }
}
