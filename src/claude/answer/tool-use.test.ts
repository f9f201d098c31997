import { expect, test } from 'vitest'
import { NO_USAGE, type ToolUseEvent } from '../../core/index.ts'
import type { CliMessage } from '../protocol/index.ts'
import { createAnswer, type AnswerRules, type Step } from './answer.ts'

const DOER: AnswerRules = { talker: false, structured: false, endAtLimit: false, stopTexts: [], nowMs: () => 0 }
const start: CliMessage = { type: 'answer-start', usage: NO_USAGE }
const text = (piece: string): CliMessage => ({ type: 'text', text: piece })
const stop = (stopReason: string | undefined): CliMessage => ({ type: 'answer-end', stopReason, usage: NO_USAGE })
const use = (...names: readonly string[]): CliMessage => ({
  type: 'assistant',
  problem: undefined,
  toolUses: names.map((name) => ({ name, input: { of: name } })),
})
const result = (structuredOutput?: unknown): CliMessage => ({
  type: 'result',
  subtype: 'success',
  isError: false,
  text: '',
  status: undefined,
  terminalReason: undefined,
  stopReason: undefined,
  usage: NO_USAGE,
  costUsd: undefined,
  structuredOutput,
  errors: [],
})
const used = (name: string): ToolUseEvent => ({ type: 'tool-use', name, input: { of: name } })

/** All that leaves, texts and uses of tools in their order, and the last step. */
const play = (messages: readonly CliMessage[], rules: Partial<AnswerRules> = {}) => {
  const answer = createAnswer({ ...DOER, ...rules })
  const left: (string | ToolUseEvent)[] = []
  let last: Step = { text: '' }
  for (const message of messages) {
    last = answer.take(message)
    if (last.text !== '') left.push(last.text)
    left.push(...(last.toolUses ?? []))
    if (last.end !== undefined || last.failure !== undefined) break
  }
  return { left, last }
}

test('[DO8] the tools that a doer uses are told in order with what it says, each as it is used', () => {
  const { left, last } = play([
    start,
    use('Grep'),
    text('let me'),
    text(' look'),
    use('Read'),
    use('Glob', 'Grep'),
    text(' again'),
    stop('tool_use'),
    start,
    text('found'),
    stop('end_turn'),
    result(),
  ])
  expect(left).toEqual([
    used('Grep'),
    'let me',
    ' look',
    used('Read'),
    used('Glob'),
    used('Grep'),
    ' again',
    '\n\nfound',
  ])
  expect(last.end).toMatchObject({ reason: 'end', answer: 'found' })
})

test('[DO8] [CC12] what might have become a stop text, or half a character, leaves before the tool', () => {
  expect(play([start, text('one ST'), use('Read')], { stopTexts: ['STOP'] }).left).toEqual(['one ', 'ST', used('Read')])
  expect(play([start, text('a\ud83d'), use('Read')]).left).toEqual(['a', '\ud83d', used('Read')])
})

test('[DO8] a stop text that a tool stands in the middle of ends nothing', () => {
  const { left, last } = play([start, text('ST'), use('Read'), text('OP'), stop('end_turn'), result()], {
    stopTexts: ['STOP'],
  })
  expect(left).toEqual(['ST', used('Read'), 'OP'])
  expect(last.end).toMatchObject({ reason: 'end', answer: 'STOP' })
})

test('[DO8] [CC11] of an answer to a schema the tools are told, but not the one that takes it', () => {
  const { left } = play(
    [start, text('hm'), use('Read'), stop('tool_use'), start, use('StructuredOutput'), result({ a: 1 })],
    { structured: true, stopTexts: ['hmm'] },
  )
  expect(left).toEqual([used('Read'), '{"a":1}'])
})

test('[DO8] a talker tells of no tool', () => {
  const messages = [start, text('one'), use('Read'), text(' two'), stop('end_turn'), result()]
  expect(play(messages, { talker: true, stopTexts: ['one two three'] })).toMatchObject({
    left: ['one two'],
    last: { end: { answer: 'one two' } },
  })
})

test('[DO8] [ER11] a message that broke off after a tool only is begun again: the tool was used, and is not told again', () => {
  expect(play([start, use('Bash'), stop(undefined), start, text('done'), stop('end_turn'), result()])).toMatchObject({
    left: [used('Bash'), 'done'],
    last: { end: { answer: 'done' } },
  })
  const { left, last } = play([start, text('half'), use('Bash'), stop(undefined), start])
  expect(left).toEqual(['half', used('Bash')])
  expect(last.failure).toMatchObject({ code: 'upstream_failed' })
})
