export { encodeConversation, encodeConversations } from './conversation.ts'
export {
  createReplyEncoder,
  encodeReply,
  parseConversationalRequest,
  type ConversationalRequest,
} from './conversational.ts'
