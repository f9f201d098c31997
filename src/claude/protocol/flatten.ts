import type { History } from '../../core/index.ts'

/**
 * A whole history as one prompt, for a process that can be told only one thing: instructions first, in order, then the
 * messages in order, each behind its speaker's name; an assistant message without text leaves no line. What the messages hold is left as it is.
 */
export function flattenHistory(history: History): string {
  const isInstruction = ({ role }: History[number]): boolean => role === 'system' || role === 'developer'
  const instructions = history.filter(isInstruction).map(({ text }) => text)
  const lines = history
    .filter((message) => !isInstruction(message) && (message.role !== 'assistant' || message.text !== ''))
    .map(({ role, text }) => `${role === 'assistant' ? 'Assistant' : 'User'}: ${text}`)
  return [...instructions, lines.join('\n')].filter((part) => part !== '').join('\n\n')
}
