export * from './conversational/index.ts'
export * from './jobs/index.ts'
export * from './openai/index.ts'
export { encodePlainError } from './plain-error.ts'
