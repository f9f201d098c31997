import type { Asked } from './prompt.ts'
import { withoutTags } from './direction-tags.ts'
import { countChars, firstChars } from './pieces.ts'
import type { Phrases } from './phrases.ts'
import { phrasesFor } from './phrases.ts'

/** Prompts longer than this many characters are echoed shortened. */
const MAX_ECHO_CHARS = 200
/** Each tool result is repeated up to this many characters. */
const MAX_RESULT_CHARS = 300
/** `count to N` goes no further than this. */
const MAX_COUNT = 100_000

const SAY_EXACTLY = /^\s*(?:say exactly|кажи точно):[ \n]?/iu
const RECALL = /^\s*(?:recall|спомни си)(?![\p{L}\p{N}])/iu
const COUNT = /^\s*(?:count to|преброй до) (\d+)/iu

/** What is said to a prompt (its stage directions removed), by the general rules in this folder's README. */
export function answerText(prompt: string, earlier: readonly string[]): string {
  const phrases = phrasesFor(prompt)
  const dictated = dictatedText(prompt)
  if (dictated !== undefined) return dictated
  if (RECALL.test(prompt)) return earlier.map((text) => withoutTags(text).trim()).join(' | ') || phrases.toldNothing
  const count = COUNT.exec(prompt)?.[1]
  if (count !== undefined) return countTo(Math.min(Number(count), MAX_COUNT))
  return phrases.echo(shortened(prompt.trim(), MAX_ECHO_CHARS, phrases) || phrases.nothing)
}

/** The text that a `say exactly:` prompt dictates, unchanged; `undefined` for any other prompt. */
export function dictatedText(prompt: string): string | undefined {
  const opening = SAY_EXACTLY.exec(prompt)
  return opening === null ? undefined : prompt.slice(opening[0].length)
}

/** What is said once tools have answered. */
export function toolAnswerText({ toolResults }: Pick<Asked, 'toolResults'>): string {
  const phrases = phrasesFor(toolResults.join(' '))
  const results = toolResults.map((text) => firstChars(text.trim(), MAX_RESULT_CHARS) || phrases.nothing)
  return phrases.toolAnswered(results.join(' | '))
}

const countTo = (last: number): string => Array.from({ length: last }, (_, index) => index + 1).join(' ')

function shortened(text: string, limit: number, phrases: Phrases): string {
  const beginning = firstChars(text, limit)
  return beginning === text ? text : phrases.shortened(beginning, countChars(text))
}
