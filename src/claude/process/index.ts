export * from './arguments.ts'
export * from './cli-process.ts'
export * from './environment.ts'
export { killOrphans, newMark } from './stragglers.ts'
