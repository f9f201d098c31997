import type { Message } from './messages-request.ts'
import { toBlocks, toResultText } from './messages-request.ts'

/** What a request asks, with the texts as they were sent (stage directions included). */
export interface Asked {
  /** the text that is to be answered; empty where the last user message has no text */
  readonly prompt: string
  /** the user texts before it, oldest first, never blank */
  readonly earlier: readonly string[]
  /** messages after the one that holds the prompt: the tool calls made for it and their results */
  readonly since: readonly Message[]
  /** how many messages calling tools came after the prompt: 0 when the prompt is asked for the first time */
  readonly round: number
  /** the texts of the tool results that wait for an answer; empty where the prompt itself waits for one */
  readonly toolResults: readonly string[]
}

const isUser = ({ role }: Message): boolean => role === 'user'

/**
 * Reads what is asked. Messages of role `system`, `<system-reminder>` blocks and the notes by which the CLI has an answer
 * carried on are its additions: they are no prompt. Such notes do count as earlier texts, as the model was sent them.
 */
export function readAsked(messages: readonly Message[]): Asked {
  const users = messages.filter(isUser)
  const waiting = messages
    .slice(messages.findLastIndex(({ role }) => role === 'assistant') + 1)
    .filter(isUser)
    .flatMap((message) => toBlocks(message.content))
    .filter(({ type }) => type === 'tool_result')
  const last = users.at(-1)
  const isAsking = (message: Message): boolean => promptIn(message) !== ''
  const answersTools = waiting.length > 0 && last !== undefined && !isAsking(last)
  const isCarriedOn = last !== undefined && textsIn(last).some(isNote)
  const holder = answersTools || isCarriedOn ? users.findLast(isAsking) : last
  const at = holder === undefined ? -1 : messages.lastIndexOf(holder)
  const current = splitFlattened(holder === undefined ? '' : promptIn(holder))
  const since = messages.slice(at + 1)
  return {
    prompt: current.prompt,
    earlier: [
      ...messages.slice(0, Math.max(at, 0)).filter(isUser).flatMap(everySaid),
      ...(holder === undefined ? [] : promptsIn(holder).slice(0, -1)).flatMap(everyIn),
      ...current.earlier,
    ],
    since,
    round: since.filter(callsTools).length,
    toolResults: answersTools ? waiting.map((block) => withoutReminders(toResultText(block))) : [],
  }
}

/** How the notes begin that CLI 2.1 adds as a user's text to have an empty or broken-off answer carried on. */
const CARRY_ON_NOTES: readonly string[] = [
  '[Your previous response ',
  'Output token limit hit',
  'Your response above was stopped by a safety classifier',
  'Your response above was cut off mid-stream',
]

const isNote = (text: string): boolean => CARRY_ON_NOTES.some((beginning) => text.trimStart().startsWith(beginning))

const callsTools = (message: Message): boolean =>
  message.role === 'assistant' && toBlocks(message.content).some(({ type }) => type === 'tool_use')

/** The message's text blocks that are not blank. */
const textsIn = (message: Message): readonly string[] =>
  toBlocks(message.content)
    .map(({ type, text }) => (type === 'text' ? withoutReminders(text ?? '') : ''))
    .filter((text) => text.trim() !== '')

/** Each block is what was said at one time: the CLI joins what a user says in a row to one message. */
const promptsIn = (message: Message): readonly string[] => textsIn(message).filter((text) => !isNote(text))

const promptIn = (message: Message): string => promptsIn(message).at(-1) ?? ''

const everySaid = (message: Message): readonly string[] => textsIn(message).flatMap(everyIn)

function everyIn(said: string): readonly string[] {
  const { prompt, earlier } = splitFlattened(said)
  // The CLI ends a block that another follows with a line break.
  return [...earlier, prompt.replace(/\n$/, '')].filter((text) => text.trim() !== '')
}

const OPENS = '<system-reminder>'
const CLOSES = '</system-reminder>'

/** The text without its `<system-reminder>…</system-reminder>` blocks and the line break after each. */
export function withoutReminders(text: string): string {
  let kept = ''
  let from = 0
  for (;;) {
    const opens = text.indexOf(OPENS, from)
    const closes = opens < 0 ? -1 : text.indexOf(CLOSES, opens)
    if (closes < 0) return kept + text.slice(from)
    kept += text.slice(from, opens)
    from = closes + CLOSES.length
    if (text[from] === '\n') from += 1
  }
}

/** Takes a flattened conversation apart. A text without a line that begins with `User: ` is all prompt. */
export function splitFlattened(text: string): { readonly prompt: string; readonly earlier: readonly string[] } {
  const turns = text.split(/^User: /m)
  const prompt = turns.at(-1)
  if (turns.length < 2 || prompt === undefined) return { prompt: text, earlier: [] }
  const earlier = turns.slice(1, -1).map((turn) => (turn.split(/^Assistant: ?/m, 1)[0] ?? '').trim())
  return { prompt: prompt.replace(/(?<!\n)\n+Assistant:\s*$/, ''), earlier: earlier.filter((said) => said !== '') }
}
