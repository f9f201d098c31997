/** The two APIs that are asked, as far as the benchmark needs them. */
import { REHEARSAL_KEY } from '../src/rehearsal/index.ts'
import { CITY, type Conversation, type Message, type Offer } from './conversation.ts'

/** What one event of an answer says: its text, or that of a call's arguments, or that the answer is whole, or neither. */
export type Heard =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'end' }
  | { readonly type: 'nothing' }

export interface Dialect {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  encode(conversation: Conversation, offer: Offer): string
  /** @throws when the event is an error. */
  decode(data: string): Heard
}

const NOTHING: Heard = { type: 'nothing' }
const END: Heard = { type: 'end' }
const MAX_TOKENS = 4096

/** One call at a time is made, so one id will do. */
const CALL_ID = 'call_1'

interface ChatMessage {
  readonly content?: string | null
  readonly tool_calls?: readonly { readonly function: { readonly arguments: string } }[]
}

/** A chunk, or a completion that is not streamed. */
interface ChatReply {
  readonly choices?: readonly { readonly delta?: ChatMessage; readonly message?: ChatMessage }[]
  readonly error?: { readonly message: string }
}

const chatMessage = (message: Message): object => {
  switch (message.role) {
    case 'call': {
      const { name, text } = message
      const call = { id: CALL_ID, type: 'function', function: { name, arguments: text } }
      return { role: 'assistant', content: null, tool_calls: [call] }
    }
    case 'result':
      return { role: 'tool', tool_call_id: CALL_ID, content: message.text }
    default:
      return { role: message.role, content: message.text }
  }
}

/** `POST /v1/chat/completions` of the gateway. */
export const chat = ({ key }: { readonly key: string }): Dialect => ({
  path: '/v1/chat/completions',
  headers: { authorization: `Bearer ${key}` },
  encode: (conversation, { functions, structured, whole = false }) =>
    JSON.stringify({
      model: 'sonnet',
      stream: !whole,
      messages: conversation.map(chatMessage),
      tools: functions?.map((name) => ({ type: 'function', function: { name, parameters: CITY } })),
      ...(structured
        ? { response_format: { type: 'json_schema', json_schema: { name: 'city', strict: true, schema: CITY } } }
        : {}),
    }),
  decode(data) {
    if (data === '[DONE]') return END
    const { choices, error } = JSON.parse(data) as ChatReply
    if (error !== undefined) throw new Error(`the answer failed: ${error.message}`)
    const { content, tool_calls: calls } = choices?.[0]?.delta ?? choices?.[0]?.message ?? {}
    const text = content ?? calls?.[0]?.function.arguments ?? ''
    return text === '' ? NOTHING : { type: 'text', text }
  },
})

interface MessagesEvent {
  readonly type: string
  readonly delta?: { readonly type?: string; readonly text?: string; readonly partial_json?: string }
}

const modelMessage = (message: Message): object => {
  switch (message.role) {
    case 'call': {
      const { name, text } = message
      const call = { type: 'tool_use', id: CALL_ID, name, input: JSON.parse(text) as object }
      return { role: 'assistant', content: [call] }
    }
    case 'result':
      return { role: 'user', content: [{ type: 'tool_result', tool_use_id: CALL_ID, content: message.text }] }
    default:
      return { role: message.role, content: message.text }
  }
}

const modelTool = (name: string): object => ({ name, input_schema: CITY })

/** `POST /v1/messages` of the model API. */
export const messages: Dialect = {
  path: '/v1/messages',
  headers: { 'x-api-key': REHEARSAL_KEY, 'anthropic-version': '2023-06-01' },
  encode: (conversation, { functions, structured }) =>
    JSON.stringify({
      model: 'sonnet',
      max_tokens: MAX_TOKENS,
      stream: true,
      system: conversation.flatMap(({ role, text }) => (role === 'system' ? [text] : [])).join('\n\n'),
      messages: conversation.flatMap((message) => (message.role === 'system' ? [] : [modelMessage(message)])),
      tools: structured ? [modelTool('answer')] : functions?.map(modelTool),
      ...(structured ? { tool_choice: { type: 'tool', name: 'answer' } } : {}),
    }),
  decode(data) {
    const { type, delta } = JSON.parse(data) as MessagesEvent
    if (type === 'error') throw new Error(`the answer failed: ${data}`)
    if (type === 'message_stop') return END
    const text = delta?.text ?? delta?.partial_json ?? ''
    return text === '' ? NOTHING : { type: 'text', text }
  },
}
