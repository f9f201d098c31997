export { createColdEngine } from './cold/index.ts'
export { locateCli, type CliBinary } from './locate.ts'
export { createSessionFiles } from './session-files.ts'
export { killOrphans } from './process/index.ts'
