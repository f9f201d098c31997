export { encodeConversation, encodeConversations } from './conversation.ts'
export {
  createReplyEncoder,
  encodeReply,
  isSessionId,
  parseConversationalRequest,
  type ConversationalRequest,
} from './conversational.ts'
