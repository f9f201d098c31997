export { createConversations, type Conversations } from './conversations.ts'
