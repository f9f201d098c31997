import { describe, expect, test } from 'vitest'
import type { MessagesRequest } from './messages-request.ts'
import { readAsked } from './prompt.ts'
import type { Answer, Circumstances, Reply } from './reply.ts'
import { decideAnswer } from './reply.ts'

type Given = Partial<MessagesRequest> & Partial<Circumstances>

function answer(
  prompt: string,
  { timesAsked = 0, timesAskedInRound = 0, isBeginningSeen = false, ...rest }: Given = {},
): Answer {
  const request: MessagesRequest = { model: 'm', messages: [{ role: 'user', content: prompt }], ...rest }
  return decideAnswer(request, readAsked(request.messages), { timesAsked, timesAskedInRound, isBeginningSeen })
}

function reply(prompt: string, given: Given = {}): Reply {
  const decided = answer(prompt, given)
  if (decided.kind === 'refusal') throw new Error(decided.message)
  return decided.reply
}

const textOf = ({ blocks }: Reply): string =>
  blocks.map((block) => (block.type === 'text' ? block.pieces.join('') : `<${block.type}>`)).join('')

test('a plain prompt ends the turn after its echo', () => {
  const plain = reply('hi there')
  expect(textOf(plain)).toBe('This is a rehearsal. You said: hi there')
  expect(plain).toMatchObject({ stopReason: 'end_turn', stopSequence: null, usage: { output_tokens: 8 } })
})

describe('the end of a reply', () => {
  test('is where max_tokens cuts it, each piece a token', () => {
    const cut = reply('count to 9', { max_tokens: 3 })
    expect(textOf(cut)).toBe('1 2 3')
    expect(cut).toMatchObject({ stopReason: 'max_tokens', usage: { output_tokens: 3 } })
    expect(reply('count to 3', { max_tokens: 3 }).stopReason).toBe('end_turn')
  })

  test('is before the first stop sequence that comes', () => {
    const stopped = reply('count to 9', { stop_sequences: ['7', ' 4', ''] })
    expect(textOf(stopped)).toBe('1 2 3')
    expect(stopped).toMatchObject({ stopReason: 'stop_sequence', stopSequence: ' 4' })
    const cut = reply('count to 9', { stop_sequences: ['4'], max_tokens: 2 })
    expect(cut).toMatchObject({ stopReason: 'max_tokens', stopSequence: null })
  })

  test('is as directed', () => {
    expect(reply('x [rehearse stop=refusal]').stopReason).toBe('refusal')
    expect(reply('x [rehearse empty=1]')).toMatchObject({
      blocks: [],
      stopReason: 'end_turn',
      usage: { output_tokens: 0 },
    })
  })
})

test('a tool call ends the reply for tool use, after what is dictated', () => {
  const tools = [{ name: 'clock' }]
  expect(reply('what time? [rehearse call=clock]', { tools })).toMatchObject({
    blocks: [{ type: 'tool-use', name: 'clock', pieces: ['{}'] }],
    stopReason: 'tool_use',
  })
  const dictated = reply('say exactly: I look.\n[rehearse call=clock]', { tools })
  expect(textOf(dictated)).toBe('I look.<tool-use>')
  expect(reply('say exactly: I look.\n[rehearse call=clock]', { tools, stop_sequences: ['look'] }).blocks).toHaveLength(
    1,
  )
  expect(answer('x [rehearse call=nothing]', { tools })).toMatchObject({ kind: 'refusal', status: 400 })
})

test('after a tool has answered, its answer is told', () => {
  const messages = [
    { role: 'user', content: 'x [rehearse call=clock slow=3]' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'clock', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'noon' }] },
  ]
  const told = answer('', { messages, tools: [{ name: 'clock' }] })
  expect(told).toMatchObject({ delivery: { paceMs: 3 }, reply: { stopReason: 'end_turn' } })
  expect(textOf(reply('', { messages }))).toBe('The tool answered: noon')
})

test('a thought comes first and is no piece', () => {
  const thought = reply('say exactly: ok\n[rehearse thinking=1]', { max_tokens: 1 })
  expect(thought.blocks).toEqual([
    { type: 'thinking', text: 'SECRET-THOUGHT' },
    { type: 'text', pieces: ['ok'] },
  ])
  expect(thought).toMatchObject({ stopReason: 'end_turn', usage: { output_tokens: 1 } })
})

test('usage counts characters by four, and as cached what was seen before the last message', () => {
  const messages = [
    { role: 'user', content: '12345678' },
    { role: 'assistant', content: [{ type: 'text', text: '1234' }] },
    { role: 'user', content: 'count to 2' },
  ]
  const system = [{ type: 'text', text: '123' }]
  expect(reply('', { messages, system }).usage).toEqual({
    input_tokens: 7,
    cache_creation_input_tokens: 3,
    cache_read_input_tokens: 0,
    output_tokens: 2,
  })
  expect(reply('', { messages, isBeginningSeen: true }).usage).toMatchObject({
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 3,
  })
  expect(reply('x [rehearse usage=70,30]').usage).toEqual({
    input_tokens: 70,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 30,
  })
})

test('a status refuses, as often as directed', () => {
  const prompt = 'x [rehearse status=529 fail-times=2 retry-after=7 message="too much"]'
  const refusal = { kind: 'refusal', status: 529, message: 'too much', retryAfter: '7' }
  expect(answer(prompt, { timesAsked: 0 })).toEqual(refusal)
  expect(answer(prompt, { timesAsked: 1 })).toEqual(refusal)
  expect(answer(prompt, { timesAsked: 2 })).toMatchObject({ kind: 'reply' })
  expect(answer('x [rehearse status=500 round=0 fail-times=1]', { timesAsked: 5 })).toMatchObject({ kind: 'refusal' })
  expect(answer('x [rehearse drop=1 fail-times=1]', { timesAsked: 0 })).toHaveProperty('mishap')
  expect(answer('x [rehearse drop=1 fail-times=1]', { timesAsked: 1 })).not.toHaveProperty('mishap')
})

test('directions that cannot be read refuse by naming what is wrong', () => {
  expect(answer('x [rehearse slwo=1]')).toEqual({
    kind: 'refusal',
    status: 400,
    message: 'Unknown stage direction: slwo',
  })
})
