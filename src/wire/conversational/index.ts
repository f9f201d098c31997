export { encodeReply, parseConversationalRequest, type ConversationalRequest } from './conversational.ts'
