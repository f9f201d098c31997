/** A history as the CLI can be told it: a system prompt, the turns so far, and what is asked. */
import type { History } from '../../core/index.ts'

/** How the agent's persona and the caller's instructions make the system prompt. */
export type PersonaMode = 'prepend' | 'fallback' | 'off'

/** A message of a transcript. User texts are never blank, and the first turn is a user's. */
export interface Turn {
  readonly role: 'user' | 'assistant'
  readonly text: string
}

export interface Prompt {
  readonly system: string
  readonly turns: readonly Turn[]
  readonly ask: string
}

/** The model API takes no history that begins with an assistant, nor one in which nothing was said to it. */
const BEGINNING = '(The conversation begins.)'
/** Nor can an assistant's own message be asked. */
const GO_ON = '(Go on.)'
/** What the CLI itself writes for a message without text. */
const NO_TEXT = '(no content)'

const isInstruction = ({ role }: History[number]): boolean => role === 'system' || role === 'developer'
const isBlank = (text: string): boolean => text.trim() === ''

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
    ({ role, text }, index) => !isBlank(text) || (role === 'user' && index === history.length - 1),
  )
  const first = spoken.findIndex((message) => !isInstruction(message))
  const from = first < 0 ? spoken.length : first
  const system = systemOf(
    persona,
    spoken.slice(0, from).map(({ text }) => text),
    mode,
  )
  const said = spoken.slice(from).map((message): Turn => {
    if (isInstruction(message)) return { role: 'user', text: `<system>\n${message.text}\n</system>` }
    return { role: message.role === 'assistant' ? 'assistant' : 'user', text: message.text }
  })
  const turns = said[0]?.role === 'user' ? said : [{ role: 'user' as const, text: BEGINNING }, ...said]
  const last = turns.at(-1)
  if (last?.role === 'assistant') return { system, turns, ask: GO_ON }
  return { system, turns: turns.slice(0, -1), ask: last === undefined || isBlank(last.text) ? NO_TEXT : last.text }
}

/** Everything said so far and what is asked as one text, for a process that can be told only one thing. */
export function flattenTurns({ turns, ask }: Pick<Prompt, 'turns' | 'ask'>): string {
  if (turns.length === 0) return ask
  return [...turns, { role: 'user', text: ask }]
    .map(({ role, text }) => `${role === 'assistant' ? 'Assistant' : 'User'}: ${text}`)
    .join('\n')
}
