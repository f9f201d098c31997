export { openConversationFiles } from './conversation-files.ts'
export { lockDirectory } from './directory-lock.ts'
