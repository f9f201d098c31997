/** A history as the CLI can be told it: a system prompt, the turns so far, and what is asked. */
import type { History, Message, ToolMessage } from '../../core/index.ts'
import { pairCalls, toContent } from './calls.ts'
import { blocksOf, type Block, type Content, type Turn } from './turn.ts'

/** How the agent's persona and the caller's instructions make the system prompt. */
export type PersonaMode = 'prepend' | 'fallback' | 'off'

export interface Prompt {
  readonly system: string
  readonly turns: readonly Turn[]
  /** A user's. */
  readonly ask: Turn
}

/** The model API takes no history that begins with an assistant, nor one in which nothing was said to it. */
const BEGINNING: Turn = { role: 'user', text: '(The conversation begins.)' }
/** Nor can an assistant's own message be asked. */
const GO_ON: Turn = { role: 'user', text: '(Go on.)' }
/** What the CLI itself writes for a message without text. */
const NO_TEXT: Turn = { role: 'user', text: '(no content)' }

const isInstruction = ({ role }: Message): boolean => role === 'system' || role === 'developer'
const isBlank = (text: string): boolean => text.trim() === ''

/** Whether a message says anything. */
const isSaying = (message: Message): boolean => {
  switch (message.role) {
    case 'system':
    case 'developer':
      return !isBlank(message.text)
    case 'assistant':
      return !isBlank(message.text) || (message.calls ?? []).length > 0
    case 'user':
      return !isBlank(message.text) || (message.parts ?? []).some(({ type }) => type !== 'text')
    case 'tool':
      return true
  }
}

const systemOf = (persona: string, instructions: readonly string[], mode: PersonaMode): string => {
  const told = instructions.join('\n\n')
  switch (mode) {
    case 'prepend':
      return [persona, told].filter((text) => !isBlank(text)).join('\n\n')
    case 'fallback':
      return told === '' ? persona : told
    case 'off':
      return told
  }
}

function toTurn(message: Exclude<Message, ToolMessage>): Turn {
  const { role, text } = message
  if (role === 'assistant') return { role, text }
  if (role !== 'user') return { role: 'user', text: `<system>\n${text}\n</system>` }
  const { parts } = message
  return parts === undefined ? { role, text } : { role, text, blocks: toContent(text, parts) }
}

/**
 * Instructions before the first message are the system prompt. A later one stands where it was given, as a user's message in
 * `<system>` tags: so it keeps its place, and the prompt before it stays what it was. Messages that say nothing are left
 * out, but for a user's last one.
 */
export function toPrompt(
  history: History,
  { persona, mode }: { readonly persona: string; readonly mode: PersonaMode },
): Prompt {
  const spoken = history.filter(
    (message, index) => isSaying(message) || (message.role === 'user' && index === history.length - 1),
  )
  const first = spoken.findIndex((message) => !isInstruction(message))
  const from = first < 0 ? spoken.length : first
  const system = systemOf(
    persona,
    spoken.slice(0, from).map(({ text }) => text),
    mode,
  )
  const said = pairCalls(spoken.slice(from), toTurn)
  const turns = said[0]?.role === 'user' ? said : [BEGINNING, ...said]
  const last = turns.at(-1)
  if (last?.role === 'assistant') return { system, turns, ask: GO_ON }
  const isEmpty = last === undefined || (last.blocks === undefined && isBlank(last.text))
  return { system, turns: turns.slice(0, -1), ask: isEmpty ? NO_TEXT : last }
}

const line = (text: string): Content => ({ type: 'text', text })

/** A block as text, or the picture or document that it is. */
function flattenBlock(block: Block): readonly Content[] {
  switch (block.type) {
    case 'text':
    case 'picture':
    case 'document':
      return [block]
    case 'call':
      return [line(`(calls ${block.name} with ${JSON.stringify(block.input)})`)]
    case 'result':
      return [line('(the function answers:)'), ...block.content]
  }
}

/** Everything said so far and what is asked as one message, for a process that can be told only one thing. */
export function flattenTurns({ turns, ask }: Pick<Prompt, 'turns' | 'ask'>): Turn {
  if (turns.length === 0) return ask
  const content = [...turns, ask].flatMap((turn, index): readonly Content[] => {
    const speaker = `${index === 0 ? '' : '\n'}${turn.role === 'assistant' ? 'Assistant' : 'User'}: `
    return [line(speaker), ...blocksOf(turn).flatMap(flattenBlock)]
  })
  const merged: Content[] = []
  let texts: string[] = []
  const endText = (): void => {
    if (texts.length > 0) merged.push(line(texts.join('')))
    texts = []
  }
  for (const block of content) {
    if (block.type === 'text') {
      texts.push(block.text)
      continue
    }
    endText()
    merged.push(block)
  }
  endText()
  const text = merged.map((block) => (block.type === 'text' ? block.text : '')).join('')
  return merged.length === 1 ? { role: 'user', text } : { role: 'user', text, blocks: merged }
}
