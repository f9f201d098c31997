export { REHEARSAL_KEY } from './credentials.ts'
export type { RehearsedRequest } from './request-log.ts'
export type { Rehearsal, RehearsalOptions } from './server.ts'
export { startRehearsal } from './server.ts'
