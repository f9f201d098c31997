import { expect, test } from 'vitest'
import type { Conversation, ConversationTurn } from '../../core/index.ts'
import { encodeConversation, encodeConversations } from './conversation.ts'

const first: ConversationTurn = {
  user: 'Здравей 🙂',
  assistant: 'Здра',
  interrupted: true,
  agent: 'conversational',
  model: 'haiku',
  askedAtMs: 0,
  answeredAtMs: 1,
}
const second: ConversationTurn = {
  ...first,
  user: 'b',
  assistant: 'yes',
  interrupted: false,
  model: 'opus',
  usage: { inputTokens: 1, cacheReadTokens: 2, cacheWriteTokens: 3, outputTokens: 4, reasoningTokens: 5 },
  costUsd: 0,
  askedAtMs: 1_700_000_000_000,
  answeredAtMs: 1_700_000_001_234,
}
const conversation: Conversation = {
  tenant: 'secret',
  id: '../x',
  createdAtMs: 0,
  updatedAtMs: 1_700_000_001_234,
  turnCount: 2,
  agent: 'conversational',
  model: 'opus',
  turns: [first, second],
}

test('[CC26] the cost of a turn is rounded to six decimals', () => {
  const { messages } = encodeConversation({ ...conversation, turns: [{ ...second, costUsd: 0.1 + 0.2 }] })
  expect(messages[1]).toMatchObject({ cost_usd: 0.3 })
})

test('[CV9] a conversation is its messages, with what is known of each; its tenant is not told', () => {
  expect(encodeConversation(conversation)).toStrictEqual({
    session_id: '../x',
    created_at: '1970-01-01T00:00:00.000Z',
    updated_at: '2023-11-14T22:13:21.234Z',
    agent: 'conversational',
    model: 'opus',
    messages: [
      { role: 'user', content: 'Здравей 🙂', at: '1970-01-01T00:00:00.000Z' },
      {
        role: 'assistant',
        content: 'Здра',
        at: '1970-01-01T00:00:00.001Z',
        interrupted: true,
        agent: 'conversational',
        model: 'haiku',
        usage: null,
        cost_usd: null,
      },
      { role: 'user', content: 'b', at: '2023-11-14T22:13:20.000Z' },
      {
        role: 'assistant',
        content: 'yes',
        at: '2023-11-14T22:13:21.234Z',
        interrupted: false,
        agent: 'conversational',
        model: 'opus',
        usage: {
          input_tokens: 1,
          cache_read_tokens: 2,
          cache_write_tokens: 3,
          output_tokens: 4,
          reasoning_tokens: 5,
        },
        cost_usd: 0,
      },
    ],
  })
})

test('[CV10] a list has conversations without their messages, and how it goes on', () => {
  const { turns: _, ...summary } = conversation
  const conversations = [
    {
      session_id: '../x',
      created_at: '1970-01-01T00:00:00.000Z',
      updated_at: '2023-11-14T22:13:21.234Z',
      turns: 2,
      agent: 'conversational',
      model: 'opus',
    },
  ]
  expect(encodeConversations({ items: [summary] })).toStrictEqual({ conversations, next: null })
  expect(encodeConversations({ items: [summary], next: 'c' })).toStrictEqual({ conversations, next: 'c' })
  expect(encodeConversations({ items: [] })).toStrictEqual({ conversations: [], next: null })
})
