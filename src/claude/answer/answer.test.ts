import { expect, test } from 'vitest'
import { NO_USAGE, type CallEvent } from '../../core/index.ts'
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

test('[CC11] an answer to a schema that meets its limit before it began ends there', () => {
  expect(play([start, stop('max_tokens')], { structured: true }).last.end).toMatchObject({
    reason: 'length',
    answer: '',
  })
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
  { type: 'turn-start', tools: ['x'] },
  { type: 'other', kind: 'system/status' },
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

const callStart = (name: string): CliMessage => ({ type: 'call-start', name: `mcp__0123456789ab__${name}` })
const piece = (json: string): CliMessage => ({ type: 'call-delta', arguments: json })
const blockEnd: CliMessage = { type: 'block-end' }
const called = (name: string, ...pieces: readonly string[]): readonly CliMessage[] => [
  callStart(name),
  ...pieces.map(piece),
  blockEnd,
]
const CALLS: Partial<AnswerRules> = { calls: { newId: (index) => `id${index}` } }
const STRUCTURED: Partial<AnswerRules> = {
  structured: true,
  calls: { newId: (index) => `id${index}`, answerName: 'answer' },
}

/** All that leaves, texts and calls in their order, and the last step. */
const playAll = (messages: readonly CliMessage[], rules: Partial<AnswerRules>) => {
  const answer = createAnswer({ ...RULES, ...rules })
  const left: (string | CallEvent)[] = []
  let last: Step = { text: '' }
  for (const message of messages) {
    last = answer.take(message)
    if (last.text !== '') left.push(last.text)
    if (last.call !== undefined) left.push(last.call)
    if (last.end !== undefined || last.failure !== undefined) break
  }
  return { left, last }
}
const begun = (id: string, name: string): CallEvent => ({ type: 'call-start', id, name })
const went = (json: string): CallEvent => ({ type: 'call-delta', arguments: json })

test('[FN2] a call leaves as it comes: its id and name, then its arguments in pieces; the turn ends with it', () => {
  const { left, last } = playAll([start, ...called('weather', '', '{"ci', 'ty":1}'), stop('tool_use')], CALLS)
  expect(left).toEqual([begun('id0', 'weather'), went('{"ci'), went('ty":1}')])
  expect(last.end).toEqual({
    type: 'turn-end',
    reason: 'calls',
    usage,
    answer: '',
    calls: [{ id: 'id0', name: 'weather', arguments: '{"city":1}' }],
  })
})

test('[FN2] several calls leave one after the other, each with an id of its own', () => {
  const { left, last } = playAll([start, ...called('a', '{"x":1}'), ...called('b', '{}'), stop('tool_use')], CALLS)
  expect(left).toEqual([begun('id0', 'a'), went('{"x":1}'), begun('id1', 'b'), went('{}')])
  expect(last.end?.calls).toEqual([
    { id: 'id0', name: 'a', arguments: '{"x":1}' },
    { id: 'id1', name: 'b', arguments: '{}' },
  ])
})

test.each<readonly [string, readonly string[]]>([
  ['no piece', []],
  ['an empty piece', ['']],
])('[FN2] a call without arguments (%s) has an empty object of them', (_, pieces) => {
  const { left, last } = playAll([start, ...called('now', ...pieces), stop('tool_use')], CALLS)
  expect(left).toEqual([begun('id0', 'now'), went('{}')])
  expect(last.end?.calls).toEqual([{ id: 'id0', name: 'now', arguments: '{}' }])
})

test('[FN3] a turn is over with its calls, before the CLI tells its result', () => {
  const messages = [start, ...called('a', '{}'), stop('tool_use'), result({ isError: true })]
  expect(playAll(messages, CALLS).last.end).toMatchObject({ reason: 'calls' })
})

test('[FN10] text before a call is sent before it, also what might have become a stop text or half a character', () => {
  const rules = { ...CALLS, stopTexts: ['STOP'] }
  const { left, last } = playAll([start, text('one ST'), ...called('a', '{}'), stop('tool_use')], rules)
  expect(left).toEqual(['one ', 'ST', begun('id0', 'a'), went('{}')])
  expect(last.end).toMatchObject({ reason: 'calls', answer: 'one ST' })
  const half = playAll([start, text('a\ud83d'), ...called('a', '{}'), stop('tool_use')], CALLS)
  expect(half.left.slice(0, 3)).toEqual(['a', '\ud83d', begun('id0', 'a')])
})

test('[FN10] text after a call is not sent, nor is it part of the answer', () => {
  const { left, last } = playAll(
    [start, text('one'), ...called('a', '{}'), text('two'), ...called('b', '{}'), text('three'), stop('tool_use')],
    CALLS,
  )
  expect(left).toEqual(['one', begun('id0', 'a'), went('{}'), begun('id1', 'b'), went('{}')])
  expect(last).toMatchObject({ text: '', end: { answer: 'one' } })
})

test('[FN10] a stop text that the model says after a call ends nothing', () => {
  const messages = [start, ...called('a', '{}'), text('STOP'), ...called('b', '{}'), stop('tool_use')]
  expect(playAll(messages, { ...CALLS, stopTexts: ['STOP'] }).last.end).toMatchObject({ reason: 'calls' })
})

test('[FN10] a turn that may call and says something is an answer like any other', () => {
  const { last } = playAll([start, text('one'), blockEnd, stop('end_turn'), result()], CALLS)
  expect(last.end).toEqual({ type: 'turn-end', reason: 'end', usage, answer: 'one' })
})

test.each(['{"a":', 'weather', 'null', '"a"', '7', '{}{}', '[]', '[{"a":1}]'])(
  '[FN9] a call whose arguments are no JSON object (%j) is a failure',
  (json) => {
    const { last } = playAll([start, ...called('a', '{}'), ...called('b', json), stop('tool_use')], CALLS)
    expect(last.end).toBeUndefined()
    expect(last.failure).toMatchObject({ code: 'upstream_failed' })
  },
)

test('[FN9] a call of a name that was not offered is passed on', () => {
  const { left } = playAll(
    [start, { type: 'call-start', name: 'Bash' }, piece('{}'), blockEnd, stop('tool_use')],
    CALLS,
  )
  expect(left[0]).toEqual(begun('id0', 'Bash'))
})

test('[FN9] [CC8] at a limit the arguments end where they are', () => {
  const { left, last } = playAll([start, callStart('a'), piece('{"ci'), blockEnd, stop('max_tokens')], CALLS)
  expect(left).toEqual([begun('id0', 'a'), went('{"ci')])
  expect(last.end).toMatchObject({ reason: 'length', calls: [{ id: 'id0', name: 'a', arguments: '{"ci' }] })
})

test('[FN2] [ST9] no piece of arguments cuts a character, and a half that stays one leaves in the end', () => {
  const { left } = playAll([start, ...called('a', '{"a":"\ud83d', '\ude42', '\ud83d', '"}'), stop('tool_use')], CALLS)
  expect(left).toEqual([begun('id0', 'a'), went('{"a":"'), went('🙂'), went('\ud83d"}')])
  const cut = playAll([start, ...called('a', '{"a":"\ud83d'), stop('max_tokens')], CALLS)
  expect(cut.last.end?.calls?.[0]?.arguments).toBe('{"a":"\ud83d')
})

test.each<readonly [string, readonly CliMessage[]]>([
  ['is begun again', [start]],
  ['is tried again', [{ type: 'retry', status: 529, reason: 'overloaded', delayMs: 500 }]],
  ['ends with an error', [result({ isError: true, status: 500 })]],
  ['ends without a reason', [{ type: 'answer-end', stopReason: undefined, usage: NO_USAGE }, start]],
])('[ER11] [FN2] an answer that breaks off after a call began, and %s, is a failure', (_, messages) => {
  const { left, last } = playAll([start, callStart('a'), ...messages], CALLS)
  expect(left).toEqual([begun('id0', 'a')])
  expect(last.failure).toMatchObject({ code: 'upstream_failed' })
})

test('[FN2] what is called where the client offers nothing is no affair of the client', () => {
  const messages = [start, ...called('a', '{}'), stop('tool_use'), start, text('done'), stop('end_turn'), result()]
  const { left, last } = playAll(messages, { talker: false, endAtLimit: false })
  expect(left).toEqual(['done'])
  expect(last.end).not.toHaveProperty('calls')
})

test('[CC11] an answer to a schema is sent while the model makes it, and nothing that is said around it', () => {
  const { left, last } = playAll(
    [start, text('Well, '), blockEnd, ...called('answer', '', '{"a"', ':1}'), text(' so.'), stop('tool_use')],
    STRUCTURED,
  )
  expect(left).toEqual(['{"a"', ':1}'])
  expect(last.end).toEqual({ type: 'turn-end', reason: 'end', usage, answer: '{"a":1}' })
})

test('[CC11] [ST9] no piece of an answer to a schema cuts a character', () => {
  const { left } = playAll([start, ...called('answer', '{"a":"\ud83d', '\ude42"}'), stop('tool_use')], STRUCTURED)
  expect(left).toEqual(['{"a":"', '🙂"}'])
  const cut = playAll([start, ...called('answer', '{"a":"\ud83d'), stop('max_tokens')], STRUCTURED)
  expect(cut.left).toEqual(['{"a":"', '\ud83d'])
})

test('[CC11] an answer to a schema that meets its limit ends there, whole or not, begun or not', () => {
  const { last } = playAll([start, callStart('answer'), piece('{"a"'), blockEnd, stop('max_tokens')], STRUCTURED)
  expect(last.end).toMatchObject({ reason: 'length', answer: '{"a"' })
  expect(playAll([start, text('Well'), stop('max_tokens')], STRUCTURED).last.end).toMatchObject({
    reason: 'length',
    answer: '',
  })
})

test('[CC11] a model that answers to a schema in its own words does not answer to it', () => {
  const { left, last } = playAll([start, text('{"a":1}'), stop('end_turn'), result({ text: '{"a":1}' })], STRUCTURED)
  expect(left).toEqual([])
  expect(last.failure).toMatchObject({ code: 'schema_unmet' })
})

test('[FN11] with functions beside, the first call decides whether the model answers or calls', () => {
  const answers = playAll(
    [start, ...called('answer', '{"a":1}'), ...called('weather', '{}'), stop('tool_use')],
    STRUCTURED,
  )
  expect(answers.left).toEqual(['{"a":1}'])
  expect(answers.last.end).toEqual({ type: 'turn-end', reason: 'end', usage, answer: '{"a":1}' })
  const calls = playAll(
    [start, ...called('weather', '{}'), ...called('answer', '{"a":1}'), stop('tool_use')],
    STRUCTURED,
  )
  expect(calls.left).toEqual([begun('id0', 'weather'), went('{}')])
  expect(calls.last.end).toMatchObject({
    reason: 'calls',
    answer: '',
    calls: [{ id: 'id0', name: 'weather', arguments: '{}' }],
  })
})

test('[FN11] of two answers to a schema the first one is it', () => {
  const messages = [start, ...called('answer', '{"a":1}'), ...called('answer', '{"a":2}'), stop('tool_use')]
  expect(playAll(messages, STRUCTURED).left).toEqual(['{"a":1}'])
})

test('[CC11] [ER11] an answer to a schema that breaks off before any of it left is begun again', () => {
  const { left, last } = playAll(
    [start, callStart('answer'), start, ...called('answer', '{"a":1}'), stop('tool_use')],
    STRUCTURED,
  )
  expect(left).toEqual(['{"a":1}'])
  expect(last.end).toMatchObject({ reason: 'end', answer: '{"a":1}' })
})

test('[ER11] [CC12] what was held back of an answer that broke off is not sent before the one that is begun again', () => {
  const again = [start, text('STAR'), stop('end_turn'), result()]
  expect(play([start, text('ST'), ...again], { stopTexts: ['STOP'] }).said).toBe('STAR')
  expect(play([start, text('\ud83d'), ...again]).said).toBe('STAR')
})

test('[CC12] an answer that the model API ends at a stop text has ended at it', () => {
  const messages = [start, text('one '), stop('stop_sequence'), result({ stopReason: 'stop_sequence' })]
  expect(play(messages, { stopTexts: ['STOP'] }).last.end).toMatchObject({ reason: 'stop-text', answer: 'one ' })
})

test('[ER8] a model that calls shows that it is at work', () => {
  expect([callStart('a'), piece('{'), blockEnd].map(isSignOfLife)).toEqual([true, true, false])
})

const EMPTY: readonly (readonly [string, readonly CliMessage[]])[] = [
  ['has no text', []],
  ['is a blank', [text(' '), blockEnd]],
  ['is white space in pieces', [text('\n'), text(' \u00a0'), text('\r\n\t'), blockEnd]],
  ['is a thought alone', [{ type: 'activity' }, blockEnd]],
]

test.each(EMPTY)(
  '[CL10] [CL11] a response that %s ends with its first message, with the usage of that one',
  (_, said) => {
    const second = { ...NO_USAGE, inputTokens: 99 }
    const again: CliMessage = { type: 'answer-start', usage: second }
    const total = result({ usage: { ...NO_USAGE, inputTokens: 109, outputTokens: 8 } })
    for (const [stopReason, reason] of [
      ['end_turn', 'end'],
      ['stop_sequence', 'stop-text'],
    ] as const) {
      const messages = [start, ...said, stop(stopReason), again, text('asked again'), stop('end_turn'), total]
      for (const rules of [{}, CALLS, { stopTexts: ['STOP'] }]) {
        const { left, last } = playAll(messages, rules)
        expect(left).toEqual([])
        expect(last.end).toEqual({ type: 'turn-end', reason, usage, answer: '' })
      }
    }
  },
)

test.each(EMPTY)(
  '[CL10] [CC8] a response that %s and meets its limit is empty, and has ended at the limit',
  (_, said) => {
    const { left, last } = playAll([start, ...said, stop('max_tokens')], {})
    expect(left).toEqual([])
    expect(last.end).toMatchObject({ reason: 'length', answer: '' })
  },
)

test.each(EMPTY)(
  '[CL11] [CC11] where a schema asks for a value, a response that %s is a failure at once',
  (_, said) => {
    const { left, last } = playAll([start, ...said, stop('end_turn')], STRUCTURED)
    expect(left).toEqual([])
    expect(last.failure).toMatchObject({ code: 'schema_unmet' })
  },
)

test('[CL10] white space at the beginning leaves with the first text, unchanged', () => {
  const { left, last } = playAll(
    [start, text('\n'), text(' '), text('a'), text(' '), text('b'), stop('end_turn'), result()],
    {},
  )
  expect(left).toEqual(['\n a', ' ', 'b'])
  expect(last.end).toMatchObject({ reason: 'end', answer: '\n a b' })
})

test('[CL10] [CC12] a blank before a stop sequence does not leave, whoever notices the stop sequence', () => {
  const ours = playAll([start, text(' S'), text('TOP more')], { stopTexts: ['STOP'] })
  expect(ours.left).toEqual([])
  expect(ours.last.end).toMatchObject({ reason: 'stop-text', answer: '' })
  const theirs = playAll([start, text(' '), blockEnd, stop('stop_sequence')], { stopTexts: ['STOP'] })
  expect(theirs.left).toEqual([])
  expect(theirs.last.end).toMatchObject({ reason: 'stop-text', answer: '' })
})

test('[CL10] [FN10] a blank before a call does not leave', () => {
  const { left, last } = playAll([start, text('\n\n'), blockEnd, ...called('a', '{}'), stop('tool_use')], CALLS)
  expect(left).toEqual([begun('id0', 'a'), went('{}')])
  expect(last.end).toMatchObject({ reason: 'calls', answer: '' })
})

test('[CL10] a message that broke off after a blank may be started again, and keeps nothing of that blank', () => {
  const { said, last } = play([start, text(' '), start, text('whole'), stop('end_turn'), result()])
  expect([said, last.end?.answer]).toEqual(['whole', 'whole'])
})

test('[CL12] a tool agent that ends without text is asked again by the CLI, and its run counts as a whole', () => {
  const rules = { talker: false, endAtLimit: false }
  const total = { ...NO_USAGE, inputTokens: 30, outputTokens: 9 }
  const first = [start, text('Looking.'), stop('tool_use'), start, text(' \n'), stop('end_turn')]
  const nudged = [start, text('\nDone.'), stop('end_turn'), result({ usage: total })]
  expect(play([...first, ...nudged], rules)).toMatchObject({
    said: 'Looking.\n\n\nDone.',
    last: { end: { reason: 'end', answer: '\nDone.', usage: total } },
  })
  const silent = play([...first, start, stop('end_turn'), result({ usage: total })], rules)
  expect(silent).toMatchObject({ said: 'Looking.', last: { end: { reason: 'end', answer: '', usage: total } } })
})
