import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_USAGE, type CallEvent, type TurnEnd } from '../../core/index.ts'
import { createChunkEncoder, encodeChunk } from './chat-stream.ts'

const head = { id: 'chatcmpl-1', created: 1_700_000_000, model: 'conversational/haiku' }
const shared = { ...head, object: 'chat.completion.chunk' }
const choice = (delta: object, finishReason: string | null = null): object => ({
  ...shared,
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
})
const endOf = (rest: Partial<TurnEnd> = {}): TurnEnd => ({
  type: 'turn-end',
  reason: 'end',
  usage: NO_USAGE,
  answer: '',
  ...rest,
})

test('[ST4] [R29] [R30] the role travels with the first text and with no other chunk', () => {
  const encoder = createChunkEncoder(head, { includeUsage: false })
  expect([...encoder.text('Здра'), ...encoder.text('вей'), ...encoder.text(' 🙂'), ...encoder.end(endOf())]).toEqual([
    choice({ role: 'assistant', content: 'Здра' }),
    choice({ content: 'вей' }),
    choice({ content: ' 🙂' }),
    choice({}, 'stop'),
  ])
})

test('[ST7] [R32] [R33] the finish is a chunk of its own with an empty delta, one for each way to end', () => {
  const finishOf = (reason: TurnEnd['reason']): readonly object[] => {
    const encoder = createChunkEncoder(head, { includeUsage: false })
    encoder.text('a')
    return encoder.end(endOf({ reason }))
  }
  expect(finishOf('end')).toEqual([choice({}, 'stop')])
  expect(finishOf('stop-text')).toEqual([choice({}, 'stop')])
  expect(finishOf('length')).toEqual([choice({}, 'length')])
  expect(finishOf('calls')).toEqual([choice({}, 'tool_calls')])
  expect(finishOf('refusal')).toEqual([choice({}, 'content_filter')])
})

test('[ST7] [R32] an empty answer is an empty text of the assistant and a finish', () => {
  expect(createChunkEncoder(head, { includeUsage: false }).end(endOf({ reason: 'length' }))).toEqual([
    choice({ role: 'assistant', content: '' }),
    choice({}, 'length'),
  ])
})

test('[ST8] [R34] usage comes after the finish, without choices, and only where it was asked for', () => {
  const usage = { inputTokens: 1, cacheReadTokens: 20, cacheWriteTokens: 300, outputTokens: 4000, reasoningTokens: 50 }
  const encoder = createChunkEncoder(head, { includeUsage: true })
  encoder.text('a')
  expect(encoder.end(endOf({ usage, costUsd: 0.5 }))).toEqual([
    choice({}, 'stop'),
    {
      ...shared,
      choices: [],
      usage: {
        prompt_tokens: 321,
        completion_tokens: 4000,
        total_tokens: 4321,
        prompt_tokens_details: { cached_tokens: 20 },
        completion_tokens_details: { reasoning_tokens: 50 },
        cost_usd: 0.5,
      },
    },
  ])
})

test('[ST5] [R31] [R34] all chunks of one answer share their head, and the texts joined are the answer', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 })), fc.boolean(), (texts, includeUsage) => {
      const encoder = createChunkEncoder(head, { includeUsage })
      const chunks = [...texts.flatMap((text) => encoder.text(text)), ...encoder.end(endOf())] as readonly {
        readonly choices: readonly { readonly delta: { readonly role?: string; readonly content?: string } }[]
      }[]
      for (const chunk of chunks) expect(chunk).toMatchObject(shared)
      const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta))
      expect(deltas.map(({ content }) => content ?? '').join('')).toBe(texts.join(''))
      expect(deltas.map(({ role }) => role)).toEqual(['assistant', ...deltas.slice(1).map(() => undefined)])
      expect(chunks.filter(({ choices }) => choices.length === 0)).toHaveLength(includeUsage ? 1 : 0)
    }),
  )
})

test('[ST4] two encoders know nothing of each other', () => {
  const first = createChunkEncoder(head, { includeUsage: false })
  const second = createChunkEncoder({ ...head, id: 'chatcmpl-2' }, { includeUsage: false })
  first.text('a')
  expect(second.text('b')).toEqual([
    {
      ...shared,
      id: 'chatcmpl-2',
      choices: [{ index: 0, delta: { role: 'assistant', content: 'b' }, logprobs: null, finish_reason: null }],
    },
  ])
})

test('[ST7] a chunk has no finish unless it is given one', () => {
  expect(encodeChunk(head, { content: 'a' })).toEqual(choice({ content: 'a' }))
  expect(encodeChunk(head, {}, 'length')).toEqual(choice({}, 'length'))
})

const callStart = (id: string, name: string): CallEvent => ({ type: 'call-start', id, name })
const callDelta = (json: string): CallEvent => ({ type: 'call-delta', arguments: json })
const firstPiece = (index: number, id: string, name: string): object => ({
  tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }],
})
const laterPiece = (index: number, json: string): object => ({ tool_calls: [{ index, function: { arguments: json } }] })

test('[FN2] [R30] [R42] [R43] [R44] each piece of a call is a chunk; id, type and name come once, the role in the first', () => {
  const encoder = createChunkEncoder(head, { includeUsage: false })
  expect([
    ...encoder.call(callStart('call_a', 'weather')),
    ...encoder.call(callDelta('{"city":')),
    ...encoder.call(callDelta('"София"}')),
    ...encoder.call(callStart('call_b', 'hang_up')),
    ...encoder.call(callDelta('{}')),
    ...encoder.end(endOf({ reason: 'calls' })),
  ]).toStrictEqual([
    choice({ role: 'assistant', ...firstPiece(0, 'call_a', 'weather') }),
    choice(laterPiece(0, '{"city":')),
    choice(laterPiece(0, '"София"}')),
    choice(firstPiece(1, 'call_b', 'hang_up')),
    choice(laterPiece(1, '{}')),
    choice({}, 'tool_calls'),
  ])
})

test('[FN10] [R36] [R46] text before a call has chunks of its own, the first of them the role', () => {
  const encoder = createChunkEncoder(head, { includeUsage: false })
  expect([
    ...encoder.text('Един'),
    ...encoder.text(' миг.'),
    ...encoder.call(callStart('call_a', 'weather')),
    ...encoder.call(callDelta('{}')),
  ]).toStrictEqual([
    choice({ role: 'assistant', content: 'Един' }),
    choice({ content: ' миг.' }),
    choice(firstPiece(0, 'call_a', 'weather')),
    choice(laterPiece(0, '{}')),
  ])
})

test('[FN2] usage comes after the finish of calls too', () => {
  const encoder = createChunkEncoder(head, { includeUsage: true })
  encoder.call(callStart('call_a', 'weather'))
  expect(encoder.end(endOf({ reason: 'calls' }))).toMatchObject([choice({}, 'tool_calls'), { choices: [], usage: {} }])
})

test('[FN2] [R42] [R43] [R44] however calls come, they join to what the model called', () => {
  interface Piece {
    readonly index: number
    readonly id?: string
    readonly type?: string
    readonly function: { readonly name?: string; readonly arguments: string }
  }
  const anyCall = fc.record({
    id: fc.string({ minLength: 1 }),
    name: fc.string({ minLength: 1 }),
    pieces: fc.array(fc.string({ minLength: 1 })),
  })
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 })), fc.array(anyCall, { minLength: 1 }), (texts, calls) => {
      const encoder = createChunkEncoder(head, { includeUsage: false })
      const chunks = [
        ...texts.flatMap((text) => encoder.text(text)),
        ...calls.flatMap(({ id, name, pieces }) => [
          ...encoder.call(callStart(id, name)),
          ...pieces.flatMap((piece) => encoder.call(callDelta(piece))),
        ]),
      ] as readonly {
        readonly choices: readonly [
          { readonly delta: { readonly role?: string; readonly tool_calls?: readonly Piece[] } },
        ]
      }[]
      const deltas = chunks.map(({ choices }) => choices[0].delta)
      expect(deltas.map(({ role }) => role)).toEqual(['assistant', ...deltas.slice(1).map(() => undefined)])
      const joined: { id: string | undefined; name: string | undefined; pieces: string[] }[] = []
      for (const { tool_calls: [piece, ...others] = [] } of deltas) {
        expect(others).toEqual([])
        if (piece === undefined) continue
        const { index, id, type, function: called } = piece
        if (type === undefined) {
          expect([index, id, called.name]).toEqual([joined.length - 1, undefined, undefined])
          joined.at(-1)?.pieces.push(called.arguments)
        } else {
          expect([index, type, called.arguments]).toEqual([joined.length, 'function', ''])
          joined.push({ id, name: called.name, pieces: [] })
        }
      }
      expect(joined).toEqual(calls)
    }),
  )
})
