import { expect, test } from 'vitest'
import { NO_USAGE } from '../../core/index.ts'
import type { CliMessage, CliResult } from '../protocol/index.ts'
import { createAnswer, isSignOfLife, type AnswerRules, type Step } from './answer.ts'

const RULES: AnswerRules = { talker: true, structured: false, endAtLimit: true, stopTexts: [], nowMs: () => 0 }
const usage = { ...NO_USAGE, inputTokens: 10, outputTokens: 4 }
const start: CliMessage = { type: 'answer-start', usage: { ...NO_USAGE, inputTokens: 10 } }
const text = (piece: string): CliMessage => ({ type: 'text', text: piece })
const stop = (stopReason: string): CliMessage => ({
  type: 'answer-end',
  stopReason,
  usage: { ...NO_USAGE, outputTokens: 4 },
})
const result = (extra: Partial<CliResult> = {}): CliMessage => ({
  type: 'result',
  subtype: 'success',
  isError: false,
  text: '',
  status: undefined,
  terminalReason: undefined,
  stopReason: undefined,
  usage,
  costUsd: undefined,
  structuredOutput: undefined,
  errors: [],
  ...extra,
})

/** What a turn of these messages says, and its last step. */
const play = (messages: readonly CliMessage[], rules: Partial<AnswerRules> = {}): { said: string; last: Step } => {
  const answer = createAnswer({ ...RULES, ...rules })
  let said = ''
  let last: Step = { text: '' }
  for (const message of messages) {
    last = answer.take(message)
    said += last.text
    if (last.end !== undefined || last.failure !== undefined) break
  }
  return { said, last }
}

test('a talker’s turn ends with its result, its text and its usage', () => {
  const { said, last } = play([
    start,
    text('one'),
    text(' two'),
    stop('end_turn'),
    { type: 'assistant', problem: undefined },
    result({ costUsd: 0.2 }),
  ])
  expect(said).toBe('one two')
  expect(last.end).toEqual({ type: 'turn-end', reason: 'end', usage, answer: 'one two', costUsd: 0.2 })
})

test('[CC8] a limit that is met ends the turn there, with what was counted', () => {
  const { last } = play([start, text('one'), stop('max_tokens'), start, text('more')])
  expect(last.end).toMatchObject({ reason: 'length', answer: 'one', usage })
})

test('[DO2] a doer that meets the API’s own limit goes on, and its answer is what it said last', () => {
  const { said, last } = play(
    [start, text('one'), stop('max_tokens'), start, text('two'), stop('end_turn'), result({ text: 'two' })],
    { talker: false, endAtLimit: false },
  )
  expect(said).toBe('one\n\ntwo')
  expect(last.end).toMatchObject({ reason: 'end', answer: 'two' })
})

test('[CC12] a stop text ends the turn, and the output is estimated', () => {
  const { said, last } = play([start, text('12345678 S'), text('TOP more')], { stopTexts: ['STOP'] })
  expect(said).toBe('12345678 ')
  expect(last.end).toMatchObject({
    reason: 'stop-text',
    answer: '12345678 ',
    usage: { inputTokens: 10, outputTokens: 3 },
  })
})

test('[CC12] what might have become a stop text leaves when the turn ends', () => {
  expect(play([start, text('one ST'), stop('end_turn'), result()], { stopTexts: ['STOP'] }).said).toBe('one ST')
})

test('[ER11] an answer that is begun again after text left is a failure; before any text it is none', () => {
  expect(play([start, text('one'), start]).last.failure).toMatchObject({ code: 'upstream_failed' })
  const retry: CliMessage = { type: 'retry', status: 529, reason: 'overloaded', delayMs: 500 }
  expect(play([start, text('one'), retry]).last.failure).toMatchObject({ code: 'upstream_failed' })
  expect(play([retry, start, text('one'), result()]).last.end).toMatchObject({ answer: 'one' })
})

test('[ER4] [ER5] a retry that is no use to wait for is a failure at once', () => {
  expect(play([{ type: 'retry', status: 401, reason: undefined, delayMs: 500 }]).last.failure).toMatchObject({
    code: 'cli_not_logged_in',
  })
  expect(play([{ type: 'retry', status: 429, reason: undefined, delayMs: 7181 }]).last.failure).toMatchObject({
    code: 'rate_limit_exceeded',
    retryAfterSeconds: 8,
  })
  expect(play([{ type: 'retry', status: 429, reason: undefined, delayMs: 500 }]).last.failure).toBeUndefined()
  expect(
    play([{ type: 'retry', status: 429, reason: undefined, delayMs: 7181 }], { talker: false }).last.failure,
  ).toBeUndefined()
})

test('[ER3] a result without a question to the model, or in the CLI’s own name, is no answer', () => {
  expect(play([result({ text: 'Unknown command' })]).last.failure).toMatchObject({ code: 'cli_failed' })
  expect(play([start, { type: 'assistant', problem: 'rate_limit' }, result({ text: 'words' })]).last).toMatchObject({
    text: '',
    failure: { code: 'rate_limit_exceeded' },
  })
  expect(play([start, text('half'), result({ isError: true, status: 500, text: 'words' })]).last).toMatchObject({
    text: '',
    failure: { code: 'upstream_failed' },
  })
})

test('an answer without text is an answer', () => {
  expect(play([start, stop('end_turn'), result()])).toMatchObject({
    said: '',
    last: { end: { reason: 'end', answer: '' } },
  })
})

test('[CC11] an answer to a schema is its value alone; none is a failure', () => {
  expect(
    play([start, text('let me see'), result({ structuredOutput: { a: 1 } })], { structured: true }).last,
  ).toMatchObject({ text: '{"a":1}', end: { answer: '{"a":1}' } })
  expect(play([start, text('no'), result({ text: 'no' })], { structured: true }).last.failure).toMatchObject({
    code: 'schema_unmet',
  })
})

test('a refusal ends the turn', () => {
  expect(play([start, text('I'), stop('refusal')]).last.end).toMatchObject({ reason: 'refusal', answer: 'I' })
})

test('[ER11] a doer’s message that breaks off and is begun again is a failure; a new message after a whole one is none', () => {
  const rules = { talker: false, endAtLimit: false }
  expect(
    play([start, text('half'), stop('tool_use'), start, text('rest'), stop('end_turn'), result()], rules).said,
  ).toBe('half\n\nrest')
  expect(play([start, text('half'), start], rules).last.failure).toMatchObject({ code: 'upstream_failed' })
  const closed: CliMessage = { type: 'answer-end', stopReason: undefined, usage: NO_USAGE }
  expect(play([start, text('half'), closed, start], rules).last.failure).toMatchObject({ code: 'upstream_failed' })
})

test('[CC12] [DO2] a doer’s stop text ends its last message, and nothing held back goes into the next one', () => {
  const rules = { talker: false, endAtLimit: false, stopTexts: ['answered'] }
  const { said, last } = play(
    [start, text('alpha beta'), stop('tool_use'), start, text('The tool answered'), stop('end_turn')],
    rules,
  )
  expect(said).toBe('alpha beta\n\nThe tool ')
  expect(last.end).toMatchObject({ reason: 'stop-text', answer: 'The tool ' })
})

test('[CC8] [DO2] a doer that meets a limit of the caller answers with its last message', () => {
  const { last } = play([start, text('one'), stop('tool_use'), start, text('two'), stop('max_tokens')], {
    talker: false,
  })
  expect(last.end).toMatchObject({ reason: 'length', answer: 'two' })
})

test('[CC11] an answer to a schema that meets its limit is a failure, not half a value', () => {
  expect(play([start, stop('max_tokens')], { structured: true }).last.failure).toMatchObject({ code: 'schema_unmet' })
})

test('[WP12] a failure that the CLI wrote in the model’s place is the turn’s, though it goes on as if there were none', () => {
  const problem: CliMessage = { type: 'assistant', problem: 'rate_limit' }
  const whole: CliMessage = { type: 'assistant', problem: undefined }
  expect(play([start, problem, whole, result({ text: 'words' })]).last).toMatchObject({
    text: '',
    failure: { code: 'rate_limit_exceeded' },
  })
})

test('[ER2] [WP7] settings that the CLI does not take are a failure, whose words are for the log only', () => {
  const answered: CliMessage = { type: 'control-answer', requestId: 'r', problem: undefined, fields: { problem: 'x' } }
  expect(play([answered, start, text('a'), result()]).last.end).toMatchObject({ answer: 'a' })
  const { last } = play([{ ...answered, problem: 'SECRET words' }])
  expect(last).toMatchObject({ text: '', failure: { code: 'cli_failed', details: { words: 'SECRET words' } } })
  expect(last.failure?.message).not.toContain('SECRET')
})

const OTHERS: readonly CliMessage[] = [
  { type: 'activity' },
  { type: 'control-request', requestId: 'r', kind: 'can_use_tool' },
  { type: 'other', kind: 'system/init' },
  { type: 'assistant', problem: undefined },
]

test('[CL4] what the CLI says besides changes nothing of an answer, wherever it comes', () => {
  const turn = [start, text('one'), text(' two'), stop('end_turn'), result()]
  const plain = play(turn)
  for (const other of OTHERS) {
    for (let at = 0; at < turn.length; at++)
      expect(play([...turn.slice(0, at), other, ...turn.slice(at)])).toEqual(plain)
  }
})

test('[ER8] a model that begins, speaks, thinks or calls a tool shows that it is at work; nothing else does', () => {
  const retry: CliMessage = { type: 'retry', status: 529, reason: 'overloaded', delayMs: 500 }
  expect([start, text('a'), { type: 'activity' } as const].map(isSignOfLife)).toEqual([true, true, true])
  for (const other of [...OTHERS.slice(1), stop('end_turn'), retry, result()]) {
    expect([other, isSignOfLife(other)]).toEqual([other, false])
  }
})
