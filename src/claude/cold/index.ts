export { createColdEngine, type ColdEngineOptions } from './engine.ts'
