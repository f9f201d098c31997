/** Conversations that are kept, as callers see them; times are ISO 8601 in UTC, `null` what is not known. */
import {
  roundUsd,
  type Conversation,
  type ConversationSummary,
  type ConversationTurn,
  type Page,
} from '../../core/index.ts'
import { encodePlainUsage } from '../plain-usage.ts'

const time = (ms: number): string => new Date(ms).toISOString()

const encodeTurn = (turn: ConversationTurn) => [
  { role: 'user', content: turn.user, at: time(turn.askedAtMs) },
  {
    role: 'assistant',
    content: turn.assistant,
    at: time(turn.answeredAtMs),
    interrupted: turn.interrupted,
    agent: turn.agent,
    model: turn.model,
    usage: turn.usage === undefined ? null : encodePlainUsage(turn.usage),
    cost_usd: turn.costUsd === undefined ? null : roundUsd(turn.costUsd),
  },
]

export const encodeConversation = (conversation: Conversation) => ({
  session_id: conversation.id,
  created_at: time(conversation.createdAtMs),
  updated_at: time(conversation.updatedAtMs),
  agent: conversation.agent,
  model: conversation.model,
  messages: conversation.turns.flatMap(encodeTurn),
})

export const encodeConversations = ({ items, next }: Page<ConversationSummary>) => ({
  conversations: items.map((conversation) => ({
    session_id: conversation.id,
    created_at: time(conversation.createdAtMs),
    updated_at: time(conversation.updatedAtMs),
    turns: conversation.turnCount,
    agent: conversation.agent,
    model: conversation.model,
  })),
  next: next ?? null,
})
