export * from './answer.ts'
export * from './fail-by-event.ts'
export * from './overrun.ts'
export * from './watchdog.ts'
