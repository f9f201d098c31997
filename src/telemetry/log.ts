/** The log: observations as JSON lines. What is secret or said by callers never comes here. */
import pino from 'pino'
import { errorKind, GatewayError, type ErrorCode, type Observation, type Observer } from '../core/index.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

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

/** Ends that belong to the day's work, though a caller is told of them as failures. */
const EXPECTED: readonly ErrorCode[] = ['superseded', 'shutting_down', 'queue_full', 'starting']

const failureLevel = (code: ErrorCode) => (errorKind(code).status < 500 || EXPECTED.includes(code) ? 'info' : 'error')

const levelOf = (observation: Observation): Exclude<LogLevel, 'silent'> => {
  switch (observation.type) {
    case 'job-changed':
    case 'store-opened':
    case 'callback-sent':
    case 'cli-verification-started':
    case 'cli-verification-continues':
    case 'cli-replaced':
      return 'info'
    case 'cli-verification-finished':
      return observation.outcome === 'verified' ? 'info' : 'error'
    case 'cli-capabilities-found':
      return observation.missing.length === 0 ? 'info' : 'warn'
    case 'request-finished':
      return observation.code === undefined ? 'info' : failureLevel(observation.code)
    case 'request-failed':
    case 'job-failed':
      return failureLevel(observation.code)
    case 'cleanup-failed':
    case 'store-failed':
    case 'cli-capabilities-refused':
      return 'error'
    case 'process-start-failed':
    case 'process-doubted':
    case 'job-store-failed':
    case 'callback-failed':
    case 'sandbox-missing':
    case 'cli-verification-retried':
    case 'cli-capabilities-not-kept':
      return 'warn'
    case 'parameters-ignored':
    case 'request-retried':
      return 'info'
    case 'process-started':
    case 'process-ended':
    case 'line-ignored':
    case 'turn-aligned':
    case 'turn-interrupted':
    case 'pool-changed':
      return 'debug'
  }
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
