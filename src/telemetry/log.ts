/** The log: observations as JSON lines. What is secret or said by callers never comes here. */
import pino from 'pino'
import { errorKind, GatewayError, type Observation, type Observer } from '../core/index.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface Log extends Observer {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
}

const withError = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error)) return { reason: String(error) }
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {}
  const details = error instanceof GatewayError ? { details: error.details } : { stack: error.stack }
  return { reason: error.message, ...cause, ...details }
}

const levelOf = (observation: Observation): Exclude<LogLevel, 'silent'> => {
  switch (observation.type) {
    case 'request-finished':
    case 'job-changed':
      return 'info'
    case 'request-failed':
      return errorKind(observation.code).status < 500 ? 'info' : 'error'
    case 'cleanup-failed':
      return 'error'
    case 'parameters-ignored':
    case 'request-retried':
      return 'info'
    case 'process-started':
    case 'process-ended':
    case 'line-ignored':
      return 'debug'
  }
}

/** Opens the log on stderr, written at once, so that nothing is lost when the program ends. */
export function createLog({ level }: { readonly level: LogLevel }): Log {
  const logger = pino({ level, base: null }, pino.destination({ dest: 2, sync: true }))
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    observe(observation) {
      const { type, ...fields } = observation
      const flat = 'error' in fields ? { ...fields, error: undefined, ...withError(fields.error) } : fields
      logger[levelOf(observation)](flat, type)
    },
  }
}
