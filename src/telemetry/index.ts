export { createLog, type Log, type LogRecord } from './log.ts'
export { type LogLevel } from './log-events.ts'
export { logReference } from './log-reference.ts'
