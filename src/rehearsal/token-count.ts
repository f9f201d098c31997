import type { ContentBlock, Message, MessagesRequest } from './messages-request.ts'
import { toBlocks, toResultText } from './messages-request.ts'

const CHARS_PER_TOKEN = 4

/** Token counts as the Messages API names them. */
export interface Usage {
  readonly input_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_read_input_tokens: number
  readonly output_tokens: number
}

/** The tokens that the system prompt and all messages are taken for: a quarter of their characters, rounded up. */
export const countInputTokens = ({ system = '', messages }: MessagesRequest): number =>
  toTokens(charsOf(toBlocks(system)) + charsOfMessages(messages))

/** The tokens before the last message: what a cache can hold. */
export const countBeginningTokens = ({ messages }: MessagesRequest): number =>
  toTokens(charsOfMessages(messages.slice(0, -1)))

const toTokens = (chars: number): number => Math.ceil(chars / CHARS_PER_TOKEN)

const charsOfMessages = (messages: readonly Message[]): number =>
  messages.reduce((sum, message) => sum + charsOf(toBlocks(message.content)), 0)

const charsOf = (blocks: readonly ContentBlock[]): number =>
  blocks.reduce((sum, block) => sum + (block.text?.length ?? 0) + toResultText(block).length, 0)
