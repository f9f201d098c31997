/**
 * What the model API is to be sent for a request: SPEC.md (CC13, CC16, CC17) written down once more, on purpose without a
 * look at the code that does it.
 */

export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant'
  readonly content: string
}

export type Effort = 'none' | 'low' | 'medium' | 'high'
export type PersonaMode = 'prepend' | 'fallback' | 'off'

/** One text of a transcript; several of one role may follow each other. */
export interface Said {
  readonly role: string
  readonly text: string
}

export interface Wanted {
  readonly model: string
  /** Empty: none at all. */
  readonly system: string
  /** The last one is the question. */
  readonly said: readonly Said[]
  /** Absent: what the CLI asks for by itself. */
  readonly maxTokens: number | undefined
  readonly effort: Effort
}

const isInstruction = ({ role }: ChatMessage): boolean => role === 'system' || role === 'developer'

function systemOf(told: string, persona: string, mode: PersonaMode): string {
  if (mode === 'off') return told
  if (told === '') return persona
  return mode === 'prepend' ? `${persona}\n\n${told}` : told
}

/** Messages that say nothing are left out, but for a user's last one. */
const telling = (messages: readonly ChatMessage[]): readonly ChatMessage[] =>
  messages.filter((message, index) => {
    const isLastOfUser = index === messages.length - 1 && message.role === 'user'
    return message.content.trim() !== '' || isLastOfUser
  })

export function wantedSystem(messages: readonly ChatMessage[], persona: string, mode: PersonaMode): string {
  const told: string[] = []
  for (const message of telling(messages)) {
    if (!isInstruction(message)) break
    told.push(message.content)
  }
  return systemOf(told.join('\n\n'), persona, mode)
}

export function wantedSaid(messages: readonly ChatMessage[]): readonly Said[] {
  const said: Said[] = []
  let begun = false
  for (const message of telling(messages)) {
    const { role, content } = message
    if (isInstruction(message)) {
      if (begun) said.push({ role: 'user', text: `<system>\n${content}\n</system>` })
      continue
    }
    begun = true
    said.push({ role, text: content.trim() === '' ? '(no content)' : content })
  }
  if (said[0]?.role !== 'user') said.unshift({ role: 'user', text: '(The conversation begins.)' })
  if (said.at(-1)?.role === 'assistant') said.push({ role: 'user', text: '(Go on.)' })
  return said
}
