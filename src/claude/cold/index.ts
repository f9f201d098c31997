export { configPathOf, createColdEngine, loginDirectoryOf, type ColdEngineOptions } from './engine.ts'
export { clearRunFiles } from './run-files.ts'
