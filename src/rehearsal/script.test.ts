import { describe, expect, test } from 'vitest'
import type { MessagesRequest } from './messages-request.ts'
import { readAsked } from './prompt.ts'
import { decideAnswer } from './reply.ts'
import type { Step } from './script.ts'
import { scriptAnswer } from './script.ts'

function steps(prompt: string, isStreamed = true, rest: Partial<MessagesRequest> = {}): Step[] {
  const request: MessagesRequest = { model: 'm', messages: [{ role: 'user', content: prompt }], ...rest }
  const answer = decideAnswer(request, readAsked(request.messages), {
    timesAsked: 0,
    timesAskedInRound: 0,
    isBeginningSeen: false,
  })
  return [...scriptAnswer(answer, { number: 7, model: 'm', isStreamed, paceMs: 5, firstDeltaMs: 9 })]
}

const written = (all: readonly Step[]): string =>
  Buffer.concat(all.flatMap((step) => (step.type === 'write' ? [step.bytes] : []))).toString()
const events = (all: readonly Step[]): string[] =>
  [...written(all).matchAll(/^event: (.*)$/gm)].map(([, name]) => name ?? '')
const waits = (all: readonly Step[]): number[] => all.flatMap((step) => (step.type === 'wait' ? [step.ms] : []))
const pieces = (all: readonly Step[]): number => all.filter((step) => step.type === 'write' && step.isPiece).length

test('a stream is the events of the Messages API in their order, paced', () => {
  const all = steps('count to 3')
  expect(all[0]).toMatchObject({
    type: 'head',
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
  })
  expect(events(all)).toEqual([
    'message_start',
    'ping',
    'content_block_start',
    'content_block_delta',
    'content_block_delta',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
  expect(waits(all)).toEqual([9, 5, 5])
  expect(all.at(-1)).toEqual({ type: 'end' })
  expect(written(all)).toContain('"id":"msg_rehearsal_7"')
})

test('pace, beginning and size of writes are as directed', () => {
  const all = steps('say exactly: да 🙂\n[rehearse slow=1 first=2 bytes=1]')
  expect(waits(all)).toEqual([2, 1])
  expect(all.every((step) => step.type !== 'write' || step.bytes.length === 1)).toBe(true)
  expect(written(all)).toContain('"text":" 🙂"')
  expect(pieces(all)).toBe(2)
})

test('thinking and tool calls are streamed as blocks of their own', () => {
  const all = steps('x [rehearse thinking=1 call=go input={"a":"bcdefgh"}]', true, { tools: [{ name: 'go' }] })
  const data = [...written(all).matchAll(/^data: (.*)$/gm)].map(([, json]): unknown => JSON.parse(json ?? ''))
  expect(data).toContainEqual({
    type: 'content_block_start',
    index: 1,
    content_block: { type: 'tool_use', id: 'toolu_rehearsal_7_1', name: 'go', input: {} },
  })
  const delta = (index: number, value: object): object => ({ type: 'content_block_delta', index, delta: value })
  expect(data).toContainEqual(delta(0, { type: 'thinking_delta', thinking: 'SECRET-THOUGHT' }))
  expect(data).toContainEqual(delta(1, { type: 'input_json_delta', partial_json: '{"a":"bc' }))
  expect(pieces(all)).toBe(2)
})

describe('a mishap in a stream', () => {
  test.each([
    ['drop=2', 2, { type: 'drop' }],
    ['stall=2', 2, { type: 'silence' }],
    ['stall=0', 0, { type: 'silence' }],
    ['end=1', 1, { type: 'end' }],
    ['error=1', 1, { type: 'end' }],
    ['drop=99', 5, { type: 'drop' }],
  ])('%s comes after its pieces', (direction, sent, last) => {
    const all = steps(`count to 5 [rehearse ${direction}]`)
    expect(pieces(all)).toBe(sent)
    expect(all.at(-1)).toEqual(last)
    expect(events(all)).not.toContain('message_stop')
    expect(events(all).slice(0, 2)).toEqual(['message_start', 'ping'])
  })

  test('before the headers leaves no trace', () => {
    expect(steps('x [rehearse drop=0]')).toEqual([{ type: 'drop' }])
    expect(steps('x [rehearse hang=1]')).toEqual([{ type: 'silence' }])
  })

  test('as an error is an event, as garbage a broken one before the rest', () => {
    const error = written(steps('x [rehearse error=1 message="no more"]'))
    expect(error).toContain(
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no more"}',
    )
    const garbage = steps('count to 3 [rehearse garbage=1]')
    expect(written(garbage)).toContain('data: {"type":"content_block_delta", oops\n\n')
    expect(pieces(garbage)).toBe(3)
  })
})

describe('without streaming', () => {
  test('the same content comes as one body after the same time', () => {
    const all = steps('count to 3 [rehearse thinking=1 usage=1,9999]', false)
    expect(waits(all)).toEqual([19])
    expect(JSON.parse(written(all))).toMatchObject({
      id: 'msg_rehearsal_7',
      content: [
        { type: 'thinking', thinking: 'SECRET-THOUGHT' },
        { type: 'text', text: '1 2 3' },
      ],
      stop_reason: 'end_turn',
    })
  })

  test('a tool input that the token limit cuts short is empty', () => {
    const rest = { tools: [{ name: 'go' }], max_tokens: 1 }
    const body: unknown = JSON.parse(written(steps('x [rehearse call=go input={"a":"bcdefgh"}]', false, rest)))
    expect(body).toMatchObject({ content: [{ type: 'tool_use', name: 'go', input: {} }], stop_reason: 'max_tokens' })
  })

  test.each([
    ['drop=1', 'drop'],
    ['stall=1', 'silence'],
    ['end=1', 'end'],
    ['garbage=1', 'end'],
  ])('%s befalls the body', (direction, last) => {
    const all = steps(`x [rehearse ${direction}]`, false)
    expect(() => JSON.parse(written(all))).toThrow(SyntaxError)
    expect(all.at(-1)).toEqual({ type: last })
  })

  test('an error is a status', () => {
    expect(steps('x [rehearse error=1]', false)).toContainEqual(expect.objectContaining({ type: 'head', status: 529 }))
  })
})

test('a refusal has the type that belongs to its status', () => {
  const all = steps('x [rehearse status=429 retry-after=7]')
  expect(all[0]).toMatchObject({ status: 429, headers: { 'retry-after': '7' } })
  expect(JSON.parse(written(all))).toEqual({
    type: 'error',
    error: { type: 'rate_limit_error', message: 'A rehearsed 429' },
    request_id: 'req_rehearsal_7',
  })
  expect(written(steps('x [rehearse status=418]'))).toContain('invalid_request_error')
  expect(written(steps('x [rehearse status=503]'))).toContain('api_error')
})
