export { openConversationFiles } from './conversation-files.ts'
export { createJobMemory } from './job-memory.ts'
export { lockDirectory } from './directory-lock.ts'
