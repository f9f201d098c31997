import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openApp, START_MS } from '../../test/support/open-app.ts'
import { readStream } from '../../test/support/stream.ts'
import { end, says, text } from '../../test/support/scripted-engine.ts'

const USAGE = { inputTokens: 10, cacheReadTokens: 5, cacheWriteTokens: 0, outputTokens: 7, reasoningTokens: 2 }

test('[ST1] [ST16] [R26] [R74] a stream is a frame for each event, then [DONE], and nothing else', async () => {
  const { stream } = openApp(() => [text('Здра'), text('вей'), end('Здравей')])
  const reply = await stream()
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  const whole = await reply.text()
  const frames = whole.split('\n\n')
  expect(frames.splice(-2)).toEqual(['data: [DONE]', ''])
  expect(frames).toHaveLength(3)
  for (const frame of frames) expect(frame).toMatch(/^data: \{[^\n]*\}$/)
})

test('[ST10] [R10] [R72] [R73] a stream is neither compressed nor kept nor held back by a proxy', async () => {
  const { stream } = openApp(() => says('a'))
  const reply = await stream({}, { headers: { 'accept-encoding': 'gzip, deflate, br' } })
  expect([
    reply.headers.get('content-encoding'),
    reply.headers.get('cache-control'),
    reply.headers.get('x-accel-buffering'),
    reply.headers.get('content-length'),
  ]).toEqual([null, 'no-cache, no-transform', 'no', null])
})

test('[ST4] [R29] [R30] [R31] [R32] role, texts, finish: each in its chunk, with one head', async () => {
  const { stream, clock } = openApp(() => [text('Здра'), text('вей'), end('Здравей')])
  const reply = await stream({ model: 'conversational/haiku' })
  await clock.advance(5000)
  const { chunks } = await readStream(reply)
  const head = {
    id: chunks[0]?.id,
    object: 'chat.completion.chunk',
    created: START_MS / 1000,
    model: 'conversational/haiku',
  }
  expect(head.id).toMatch(/^chatcmpl-[0-9a-f]{32}$/)
  expect(chunks).toEqual([
    {
      ...head,
      choices: [{ index: 0, delta: { role: 'assistant', content: 'Здра' }, logprobs: null, finish_reason: null }],
    },
    { ...head, choices: [{ index: 0, delta: { content: 'вей' }, logprobs: null, finish_reason: null }] },
    { ...head, choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }] },
  ])
})

test('[ST5] two answers have two ids', async () => {
  const { stream, chat } = openApp(() => says('a'))
  const ids = [
    (await readStream(await stream())).chunks[0]?.id,
    (await readStream(await stream())).chunks[0]?.id,
    ((await (await chat()).json()) as { readonly id: string }).id,
  ]
  expect(new Set(ids).size).toBe(3)
})

test('[ST7] [R32] [R33] an empty answer has a text of nothing and one finish', async () => {
  const { stream } = openApp(() => [end('', { reason: 'refusal' })])
  const { chunks, done } = await readStream(await stream())
  expect(chunks.map(({ choices }) => [choices[0]?.delta, choices[0]?.finish_reason])).toEqual([
    [{ role: 'assistant', content: '' }, null],
    [{}, 'content_filter'],
  ])
  expect(done).toBe(true)
})

test('[ST8] [R5] [R34] usage is the last chunk, without choices, and only where it is asked for', async () => {
  const { stream } = openApp(() => [text('a'), end('a', { usage: USAGE, costUsd: 1 })])
  const { chunks } = await readStream(await stream({ stream_options: { include_usage: true } }))
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
  expect(chunks.at(-1)).toEqual({
    id: chunks[0]?.id,
    object: 'chat.completion.chunk',
    created: START_MS / 1000,
    model: 'sonnet',
    choices: [],
    usage: {
      prompt_tokens: 15,
      completion_tokens: 7,
      total_tokens: 22,
      prompt_tokens_details: { cached_tokens: 5 },
      completion_tokens_details: { reasoning_tokens: 2 },
      cost_usd: 1,
    },
  })
  for (const options of [{ stream_options: { include_usage: false } }, { stream_options: {} }, {}]) {
    const { chunks: plain } = await readStream(await stream(options))
    expect(plain.map((chunk) => ['usage' in chunk, chunk.choices.length])).toEqual([
      [false, 1],
      [false, 1],
    ])
  }
})

test('[ST9] [R41] text goes out as it is, whatever is in it', async () => {
  const { stream } = openApp(() => [text('Здравей, "свят" 🙂\u2028\n\n'), text('data: [DONE]\r\n\r\n'), end('')])
  const whole = await (await stream()).text()
  expect(whole).toContain(String.raw`"content":"Здравей, \"свят\" 🙂${'\u2028'}\n\n"`)
  expect(whole.match(/\n\n/g)).toHaveLength(4)
  const anyText = fc.string({ unit: 'grapheme', minLength: 1 })
  await fc.assert(
    fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 5 }), async (texts) => {
      const streaming = openApp(() => [...texts.map(text), end('')])
      const { text: joined, finish, done } = await readStream(await streaming.stream())
      expect([joined, finish, done]).toEqual([texts.join(''), ['stop'], true])
    }),
    { numRuns: 50 },
  )
})
