export { openConversationFiles } from './conversation-files.ts'
export { createJobMemory } from './job-memory.ts'
