import type { Reply, ReplyBlock } from './reply.ts'

/** What a message is called in events and bodies. */
export interface MessageIdentity {
  readonly number: number
  readonly model: string
}

/** One server-sent event: its `data`, named after its `type`; `isPiece` where it carries a piece of the reply. */
export interface ReplyEvent {
  readonly data: { readonly type: string; readonly [field: string]: unknown }
  readonly isPiece: boolean
}

/** The reply as the Messages API streams it, `message_start` to `message_stop`. Source: "Streaming messages" in its reference. */
export function* replyEvents(reply: Reply, identity: MessageIdentity): Generator<ReplyEvent> {
  const usage = { ...reply.usage, output_tokens: Math.min(reply.usage.output_tokens, 1) }
  const message = { ...messageHead(identity), content: [], stop_reason: null, stop_sequence: null, usage }
  yield silent({ type: 'message_start', message })
  yield silent({ type: 'ping' })
  for (const [index, block] of reply.blocks.entries()) {
    yield silent({ type: 'content_block_start', index, content_block: emptyBlock(block, identity, index) })
    const isPiece = block.type !== 'thinking'
    for (const delta of deltasOf(block)) yield { data: deltaEvent(index, delta), isPiece }
    yield silent({ type: 'content_block_stop', index })
  }
  const delta = { stop_reason: reply.stopReason, stop_sequence: reply.stopSequence }
  yield silent({ type: 'message_delta', delta, usage: reply.usage })
  yield silent({ type: 'message_stop' })
}

/** The reply as one body, for requests that do not stream. */
export const replyMessage = (reply: Reply, identity: MessageIdentity): object => ({
  ...messageHead(identity),
  content: reply.blocks.map((block, index) => wholeBlock(block, identity, index)),
  stop_reason: reply.stopReason,
  stop_sequence: reply.stopSequence,
  usage: reply.usage,
})

const SIGNATURE = 'cmVoZWFyc2Fs'

const silent = (data: ReplyEvent['data']): ReplyEvent => ({ data, isPiece: false })

const deltaEvent = (index: number, delta: object) => ({ type: 'content_block_delta', index, delta })

const messageHead = ({ number, model }: MessageIdentity) => ({
  id: `msg_rehearsal_${number}`,
  type: 'message',
  role: 'assistant',
  model,
})

const toolUse = (name: string, input: unknown, { number }: MessageIdentity, index: number): object => ({
  type: 'tool_use',
  id: `toolu_rehearsal_${number}_${index}`,
  name,
  input,
})

function emptyBlock(block: ReplyBlock, identity: MessageIdentity, index: number): object {
  switch (block.type) {
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'text':
      return { type: 'text', text: '' }
    case 'tool-use':
      return toolUse(block.name, {}, identity, index)
  }
}

function wholeBlock(block: ReplyBlock, identity: MessageIdentity, index: number): object {
  switch (block.type) {
    case 'thinking':
      return { type: 'thinking', thinking: block.text, signature: SIGNATURE }
    case 'text':
      return { type: 'text', text: block.pieces.join('') }
    case 'tool-use':
      return toolUse(block.name, parsedInput(block.pieces.join('')), identity, index)
  }
}

/** An input that the token limit cut short is no JSON any more and is given as empty. */
function parsedInput(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

function deltasOf(block: ReplyBlock): readonly object[] {
  switch (block.type) {
    case 'thinking':
      return [
        { type: 'thinking_delta', thinking: block.text },
        { type: 'signature_delta', signature: SIGNATURE },
      ]
    case 'text':
      return block.pieces.map((text) => ({ type: 'text_delta', text }))
    case 'tool-use':
      return block.pieces.map((json) => ({ type: 'input_json_delta', partial_json: json }))
  }
}
