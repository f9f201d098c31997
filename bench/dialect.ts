/** The two APIs that are asked, as far as the benchmark needs them. */
import { REHEARSAL_KEY } from '../src/rehearsal/index.ts'
import type { Conversation } from './conversation.ts'

/** What one event of an answer says: its text, or that the answer is whole, or neither. */
export type Heard =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'end' }
  | { readonly type: 'nothing' }

export interface Dialect {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  encode(conversation: Conversation): string
  /** @throws when the event is an error. */
  decode(data: string): Heard
}

const NOTHING: Heard = { type: 'nothing' }
const END: Heard = { type: 'end' }
const MAX_TOKENS = 4096

interface ChatChunk {
  readonly choices?: readonly { readonly delta: { readonly content?: string } }[]
  readonly error?: { readonly message: string }
}

/** `POST /v1/chat/completions` of the gateway. */
export const chat = ({ key }: { readonly key: string }): Dialect => ({
  path: '/v1/chat/completions',
  headers: { authorization: `Bearer ${key}` },
  encode: (conversation) =>
    JSON.stringify({
      model: 'sonnet',
      stream: true,
      messages: conversation.map(({ role, text }) => ({ role, content: text })),
    }),
  decode(data) {
    if (data === '[DONE]') return END
    const { choices, error } = JSON.parse(data) as ChatChunk
    if (error !== undefined) throw new Error(`the answer failed: ${error.message}`)
    const text = choices?.[0]?.delta.content ?? ''
    return text === '' ? NOTHING : { type: 'text', text }
  },
})

interface MessagesEvent {
  readonly type: string
  readonly delta?: { readonly type?: string; readonly text?: string }
}

/** `POST /v1/messages` of the model API. */
export const messages: Dialect = {
  path: '/v1/messages',
  headers: { 'x-api-key': REHEARSAL_KEY, 'anthropic-version': '2023-06-01' },
  encode: (conversation) =>
    JSON.stringify({
      model: 'sonnet',
      max_tokens: MAX_TOKENS,
      stream: true,
      system: conversation.flatMap(({ role, text }) => (role === 'system' ? [text] : [])).join('\n\n'),
      messages: conversation.flatMap(({ role, text }) => (role === 'system' ? [] : [{ role, content: text }])),
    }),
  decode(data) {
    const { type, delta } = JSON.parse(data) as MessagesEvent
    if (type === 'error') throw new Error(`the answer failed: ${data}`)
    if (type === 'message_stop') return END
    return delta?.type === 'text_delta' && delta.text ? { type: 'text', text: delta.text } : NOTHING
  },
}
