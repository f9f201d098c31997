import fc from 'fast-check'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openApp, OTHER, readChunks, START_MS, TENANT, type AppOptions } from '../../test/support/open-app.ts'
import { readStream } from '../../test/support/stream.ts'
import { end, forever, says, text, type Step } from '../../test/support/scripted-engine.ts'
import { ERRORS, GatewayError, type ErrorCode, type TurnRequest } from '../core/index.ts'

const KEEP_ALIVE = ': keep-alive\n\n'
const USAGE = { inputTokens: 10, cacheReadTokens: 5, cacheWriteTokens: 0, outputTokens: 7, reasoningTokens: 2 }

const busy = new GatewayError('overloaded', 'The model API is overloaded.')
const failed = (error: GatewayError): Step => ({ type: 'turn-failed', error })

/** What an SSE frame holds. */
const dataOf = (frame: string | undefined): unknown => {
  const [, json] = /^data: (.*)\n\n$/s.exec(frame ?? '') ?? []
  if (json === undefined) throw new Error(`no frame: ${frame}`)
  return JSON.parse(json)
}
const contentOf = (frame: string | undefined): unknown =>
  (dataOf(frame) as { readonly choices: readonly { readonly delta: { readonly content?: string } }[] }).choices[0]
    ?.delta.content

const streamOf = (script: (request: TurnRequest, index: number) => readonly Step[], options: AppOptions = {}) => {
  const opened = openApp(script, options)
  return {
    ...opened,
    stream: (fields: object = {}, init: RequestInit = {}) => opened.chat({ stream: true, ...fields }, init),
  }
}

test('[CC1] a stream goes to the talker, anything else to the doer', async () => {
  const { chat, engine, talker, doer } = openApp(() => says('a'))
  await (await chat({ stream: true })).text()
  await chat({ stream: false })
  await chat()
  await (await chat({ stream: true, model: 'recruiter-triage/opus' })).text()
  await chat({ model: 'conversational/haiku' })
  expect(engine.runs.map(({ request }) => [request.agent, request.model, request.limits.turnMs])).toEqual([
    [talker, 'sonnet', 120_000],
    [doer, 'sonnet', 900_000],
    [doer, 'sonnet', 900_000],
    [doer, 'opus', 900_000],
    [talker, 'haiku', 120_000],
  ])
})

test('[CC1] the engine is asked exactly what was sent', async () => {
  const { chat, engine, doer } = openApp(() => says('{}'))
  const messages = [
    { role: 'developer', content: 'Бъди кратък.' },
    { role: 'user', content: [{ type: 'text', text: 'Здравей' }] },
  ]
  const schema = { type: 'object' }
  await chat({
    messages,
    max_tokens: 50,
    stop: ['Край'],
    reasoning_effort: 'minimal',
    response_format: { type: 'json_schema', json_schema: { schema } },
  })
  await chat({ messages })
  const least = {
    tenant: TENANT,
    agent: doer,
    model: 'sonnet',
    history: [
      { role: 'developer', text: 'Бъди кратък.' },
      { role: 'user', text: 'Здравей' },
    ],
    limits: { turnMs: 900_000 },
    budgetUsd: 2,
  }
  expect(engine.runs.map(({ request }) => request)).toStrictEqual([
    { ...least, maxOutputTokens: 50, reasoning: 'none', stopTexts: ['Край'], outputSchema: schema },
    least,
  ])
})

test.each([true, false])(
  '[CC2] a model that is not on offer is 404 before anything is run (stream: %j)',
  async (stream) => {
    const { chat, engine, admission } = openApp(() => says('a'), { capacity: 1, maxWaiting: 0 })
    await admission.enter({ signal: new AbortController().signal })
    const reply = await chat({ stream, model: 'claude-9' })
    expect([reply.status, reply.headers.get('x-should-retry'), await reply.json()]).toEqual([
      404,
      'false',
      {
        error: {
          message:
            'The model `claude-9` does not exist. On offer: haiku, sonnet, opus, conversational/haiku, conversational/sonnet, conversational/opus, recruiter-triage/haiku, recruiter-triage/sonnet, recruiter-triage/opus.',
          type: 'invalid_request_error',
          param: 'model',
          code: 'model_not_found',
        },
      },
    ])
    expect(engine.runs).toEqual([])
  },
)

test('[CC3] a foreign name is answered by what it stands for', async () => {
  const { chat, engine } = openApp(() => says('a'))
  expect(await (await chat({ model: 'gpt-4.1' })).json()).toMatchObject({ model: 'sonnet' })
  const { chunks } = await readStream(await chat({ model: 'gpt-4o-mini', stream: true }))
  expect(chunks.map(({ model }) => model)).toEqual(['sonnet', 'sonnet'])
  expect(engine.runs.map(({ request }) => request.model)).toEqual(['sonnet', 'sonnet'])
})

test('[CC4] a body that is refused names the field and runs nothing', async () => {
  const { chat, engine, observer } = openApp(() => says('a'))
  const parts = [{ type: 'text', text: 'a' }, { type: 'image_url' }]
  const reply = await chat({
    stream: true,
    messages: [
      { role: 'user', content: 'a' },
      { role: 'user', content: parts },
    ],
  })
  expect([reply.status, await reply.json()]).toEqual([
    400,
    {
      error: {
        message: '`messages[1].content[1]`: parts of type `image_url` cannot be taken; send text.',
        type: 'invalid_request_error',
        param: 'messages[1].content[1]',
        code: 'invalid_request',
      },
    },
  ])
  expect(engine.runs).toEqual([])
  expect(observer.of('request-failed').map(({ code }) => code)).toEqual(['invalid_request'])
})

test.each([true, false])(
  '[CC7] parameters that are ignored are named in a header and in the log (stream: %j)',
  async (stream) => {
    const { chat, observer } = openApp(() => says('a'))
    const reply = await chat({ stream, temperature: 0.5, seed: 1, frequency_penalty: 0 })
    expect([reply.status, reply.headers.get('x-vivavoce-ignored')]).toEqual([200, 'temperature, seed'])
    await reply.text()
    const requestId = reply.headers.get('x-request-id')
    expect(observer.of('parameters-ignored')).toEqual([
      { type: 'parameters-ignored', requestId, names: ['temperature', 'seed'] },
    ])
  },
)

test('[CC7] where nothing is ignored no header says so', async () => {
  const { chat, observer } = openApp(() => says('a'))
  expect((await chat()).headers.has('x-vivavoce-ignored')).toBe(false)
  expect(observer.of('parameters-ignored')).toEqual([])
})

test('[CC16] how much a talker thinks is what the caller asks for; what is not known is named and asks for nothing', async () => {
  const { chat, engine } = openApp(() => says('a'))
  const ignored: (string | null)[] = []
  const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', null, undefined]
  for (const reasoning_effort of efforts) {
    const reply = await chat({ stream: true, reasoning_effort })
    await reply.text()
    ignored.push(reply.headers.get('x-vivavoce-ignored'))
  }
  expect(engine.runs.map(({ request }) => request.reasoning)).toEqual([
    'none',
    'none',
    'low',
    'medium',
    'high',
    undefined,
    undefined,
    undefined,
  ])
  expect(engine.runs.at(-1)?.request).not.toHaveProperty('reasoning')
  expect(ignored).toEqual([null, null, null, null, null, 'reasoning_effort', null, null])
})

test('[AU3] a turn is asked for the tenant whose key was presented, streamed or not', async () => {
  const { chat, engine } = openApp(() => says('a'))
  for (const stream of [true, false]) for (const init of [{}, OTHER]) await (await chat({ stream }, init)).text()
  expect(engine.runs.map(({ request }) => request.tenant)).toEqual([TENANT, 'other', TENANT, 'other'])
})

test('[AU3] nothing that a caller sends makes a turn another tenant’s', async () => {
  const { chat, engine } = openApp(() => says('a'))
  await chat({ tenant: 'other', user: 'other', metadata: { tenant: 'other' } }, { headers: { 'x-tenant': 'other' } })
  expect(engine.runs[0]?.request.tenant).toBe(TENANT)
})

test('[CC14] unknown headers and query strings are let through', async () => {
  const { post } = openApp(() => says('a'))
  const body = { messages: [{ role: 'user', content: 'a' }] }
  const headers = {
    'x-stainless-retry-count': '1',
    'openai-beta': 'x',
    'accept-encoding': 'gzip',
    'content-type': 'text/plain',
  }
  expect((await post('/v1/chat/completions?api-version=1&x=%zz', body, { headers })).status).toBe(200)
})

test('[DO1] an answer that is not streamed is one chat.completion', async () => {
  const { chat } = openApp(() => [text('First.'), end('Готово 🙂', { usage: USAGE, costUsd: 0.25, reason: 'length' })])
  const reply = await chat()
  expect(reply.headers.get('content-type')).toMatch(/^application\/json/)
  expect(await reply.json()).toEqual({
    id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
    object: 'chat.completion',
    created: START_MS / 1000,
    model: 'sonnet',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Готово 🙂', refusal: null },
        logprobs: null,
        finish_reason: 'length',
      },
    ],
    usage: {
      prompt_tokens: 15,
      completion_tokens: 7,
      total_tokens: 22,
      prompt_tokens_details: { cached_tokens: 5 },
      completion_tokens_details: { reasoning_tokens: 2 },
      cost_usd: 0.25,
    },
  })
})

test('[ST1] a stream is a comment, a frame for each event, and [DONE]', async () => {
  const { stream } = streamOf(() => [text('Здра'), text('вей'), end('Здравей')])
  const reply = await stream()
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  const whole = await reply.text()
  const [comment, ...frames] = whole.split('\n\n')
  expect(comment).toBe(': keep-alive')
  expect(frames.splice(-2)).toEqual(['data: [DONE]', ''])
  expect(frames).toHaveLength(3)
  for (const frame of frames) expect(frame).toMatch(/^data: \{[^\n]*\}$/)
})

test('[ST10] a stream is neither compressed nor kept nor held back by a proxy', async () => {
  const { stream } = streamOf(() => says('a'))
  const reply = await stream({}, { headers: { 'accept-encoding': 'gzip, deflate, br' } })
  expect([
    reply.headers.get('content-encoding'),
    reply.headers.get('cache-control'),
    reply.headers.get('x-accel-buffering'),
    reply.headers.get('content-length'),
  ]).toEqual([null, 'no-cache, no-transform', 'no', null])
})

test('[ST4] role, texts, finish: each in its chunk, with one head', async () => {
  const { stream, clock } = streamOf(() => [text('Здра'), text('вей'), end('Здравей')])
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
  const { stream, chat } = streamOf(() => says('a'))
  const ids = [
    (await readStream(await stream())).chunks[0]?.id,
    (await readStream(await stream())).chunks[0]?.id,
    ((await (await chat()).json()) as { readonly id: string }).id,
  ]
  expect(new Set(ids).size).toBe(3)
})

test('[ST7] an empty answer has a text of nothing and one finish', async () => {
  const { stream } = streamOf(() => [end('', { reason: 'refusal' })])
  const { chunks, done } = await readStream(await stream())
  expect(chunks.map(({ choices }) => [choices[0]?.delta, choices[0]?.finish_reason])).toEqual([
    [{ role: 'assistant', content: '' }, null],
    [{}, 'content_filter'],
  ])
  expect(done).toBe(true)
})

test('[ST8] usage is the last chunk, without choices, and only where it is asked for', async () => {
  const { stream } = streamOf(() => [text('a'), end('a', { usage: USAGE, costUsd: 1 })])
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

test('[ST9] text goes out as it is, whatever is in it', async () => {
  const { stream } = streamOf(() => [text('Здравей, "свят" 🙂\u2028\n\n'), text('data: [DONE]\r\n\r\n'), end('')])
  const whole = await (await stream()).text()
  expect(whole).toContain(String.raw`"content":"Здравей, \"свят\" 🙂${'\u2028'}\n\n"`)
  expect(whole.match(/\n\n/g)).toHaveLength(5)
  const anyText = fc.string({ unit: 'grapheme', minLength: 1 })
  await fc.assert(
    fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 5 }), async (texts) => {
      const streaming = streamOf(() => [...texts.map(text), end('')])
      const { text: joined, finish, done } = await readStream(await streaming.stream())
      expect([joined, finish, done]).toEqual([texts.join(''), ['stop'], true])
    }),
    { numRuns: 50 },
  )
})

test('[ST6] each delta is a chunk of its own, sent when it arrives', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const { stream } = streamOf(() => [text('a'), gates[0].promise, text('b'), gates[1].promise, text('c'), end('abc')])
  const { next, rest } = readChunks(await stream())
  expect(await next()).toBe(KEEP_ALIVE)
  expect(contentOf(await next())).toBe('a')
  gates[0].resolve()
  expect(contentOf(await next())).toBe('b')
  gates[1].resolve()
  expect(contentOf(await next())).toBe('c')
  expect(await rest()).toHaveLength(1)
})

test('[ST2] the status waits for the first event and no longer', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, engine, clock } = streamOf(() => [gate.promise, text('a'), end('a')])
  const reply = stream()
  await engine.started(0)
  await clock.advance(999)
  gate.resolve()
  expect((await reply).status).toBe(200)
  expect(clock.armed).toBe(0)
})

test('[ST2] without an event the headers leave after the hold, with a comment', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, clock } = streamOf(() => [gate.promise, text('a'), end('a')])
  let answered = false
  const reply = stream().then((response) => {
    answered = true
    return response
  })
  await clock.untilArmed(1000)
  await clock.advance(999)
  expect(answered).toBe(false)
  await clock.advance(1)
  const { next, rest } = readChunks(await reply)
  expect(await next()).toBe(KEEP_ALIVE)
  const later = rest()
  gate.resolve()
  expect((await later).map((frame) => frame.slice(0, 6))).toEqual(['data: ', 'data: '])
})

test('[ST2] the hold is the one that is set, also none at all', async () => {
  const { stream, clock } = streamOf(() => [forever()], { headerHoldMs: 0 })
  const reply = stream()
  await clock.untilArmed(0)
  await clock.advance(0)
  expect((await reply).status).toBe(200)
})

test('[ST2] a failure within the hold has its status', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, clock, observer, admission } = streamOf(() => [gate.promise, busy])
  const reply = stream()
  await clock.untilArmed(1000)
  await clock.advance(999)
  gate.resolve()
  const response = await reply
  expect([response.status, await response.json()]).toEqual([
    503,
    { error: { message: 'The model API is overloaded.', type: 'server_error', param: null, code: 'overloaded' } },
  ])
  const requestId = response.headers.get('x-request-id')
  expect(observer.of('request-failed')).toEqual([
    { type: 'request-failed', requestId, code: 'overloaded', error: busy },
  ])
  expect([admission.active, clock.armed]).toEqual([0, 0])
})

test('[ER3] a failure after the hold is an error frame: no finish, no [DONE]', async () => {
  const gate = Promise.withResolvers<void>()
  const { stream, clock, observer, admission } = streamOf(() => [gate.promise, busy])
  const reply = stream()
  await clock.untilArmed(1000)
  await clock.advance(1000)
  gate.resolve()
  const response = await reply
  expect(response.status).toBe(200)
  const chunks = await readChunks(response).rest()
  expect(chunks[0]).toBe(KEEP_ALIVE)
  expect(chunks.slice(1).map(dataOf)).toEqual([
    { error: { message: 'The model API is overloaded.', type: 'server_error', param: null, code: 'overloaded' } },
  ])
  const requestId = response.headers.get('x-request-id')
  expect(observer.of('request-failed')).toEqual([
    { type: 'request-failed', requestId, code: 'overloaded', error: busy },
  ])
  expect(admission.active).toBe(0)
})

test('[ER3] a failure in mid-answer is an error frame, thrown or told', async () => {
  for (const failure of [busy, failed(busy)]) {
    const { stream, observer } = streamOf(() => [text('Здра'), failure])
    const response = await stream({ stream_options: { include_usage: true } })
    const [comment, first, ...others] = await readChunks(response).rest()
    expect([comment, contentOf(first)]).toEqual([KEEP_ALIVE, 'Здра'])
    expect(others.map(dataOf)).toEqual([
      { error: { message: 'The model API is overloaded.', type: 'server_error', param: null, code: 'overloaded' } },
    ])
    expect(observer.of('request-failed').map(({ code }) => code)).toEqual(['overloaded'])
    expect(observer.of('request-finished').map(({ status, left }) => [status, left])).toEqual([[200, false]])
  }
})

test('[ER3] an engine that stops without an end is no empty success', async () => {
  const { chat } = openApp(() => [])
  expect((await chat()).status).toBe(500)
})

test('[ER2] a defect is told in words that are safe, before and in mid-answer', async () => {
  const defect = new TypeError('secret /path')
  const { chat, observer } = openApp((_, index) => (index === 0 ? [defect] : [text('a'), defect]))
  const early = await chat()
  const late = await chat({ stream: true })
  const body = {
    message: 'The gateway failed on this request.',
    type: 'server_error',
    param: null,
    code: 'internal_error',
  }
  expect([early.status, await early.json()]).toEqual([500, { error: body }])
  expect((await readStream(late)).error).toEqual(body)
  expect(observer.of('request-failed').map(({ error }) => error.cause)).toEqual([defect, defect])
})

const HEADERS = ['retry-after', 'retry-after-ms', 'x-should-retry']
const told = async (reply: Response): Promise<unknown> => [
  reply.status,
  HEADERS.map((name) => reply.headers.get(name)),
  await reply.json(),
]

test.each(Object.keys(ERRORS) as readonly ErrorCode[])(
  '[ER7] %s is the same failure streamed, not streamed and in mid-answer',
  async (code) => {
    const error = new GatewayError(code, 'Не стана.', { retryAfterSeconds: 7, param: 'messages', details: { a: 1 } })
    const { chat } = openApp((_, index) => (index < 2 ? [error] : [text('a'), failed(error)]))
    const { status, type, retryable } = ERRORS[code]
    const body = { message: 'Не стана.', type, param: 'messages', code }
    const expected = [status, ['7', '7000', retryable ? null : 'false'], { error: body }]
    expect(await told(await chat({ stream: true }))).toEqual(expected)
    expect(await told(await chat({ stream: false }))).toEqual(expected)
    expect((await readStream(await chat({ stream: true }))).error).toEqual(body)
    expect(await told(await chat({ stream: false }))).toEqual(expected)
  },
)

test('[ER5] a failure that tells no time to wait has no header for it', async () => {
  const { chat } = openApp(() => [busy])
  const { headers } = await chat()
  expect(HEADERS.map((name) => headers.get(name))).toEqual([null, null, null])
})

test('[AD2] a request that finds the queue full is 503 with the time to wait, streamed or not', async () => {
  const { chat, admission, engine } = openApp(() => says('a'), { capacity: 1, maxWaiting: 0 })
  const place = await admission.enter({ signal: new AbortController().signal })
  const expected = [
    503,
    ['1', '1000', null],
    {
      error: {
        message: 'The server is busy and its queue is full. Try again later.',
        type: 'server_error',
        param: null,
        code: 'queue_full',
      },
    },
  ]
  expect(await told(await chat({ stream: true }))).toEqual(expected)
  expect(await told(await chat())).toEqual(expected)
  expect(engine.runs).toEqual([])
  place[Symbol.dispose]()
  expect((await chat()).status).toBe(200)
})

test('[AD1] a place is free again when the answer is over, however it ended', async () => {
  const { chat, admission } = openApp(
    (_, index) => [says('a'), [busy], [text('a'), busy], [end('')]][index % 4] ?? [],
    {
      capacity: 1,
      maxWaiting: 0,
    },
  )
  for (const stream of [true, true, true, true, false, false, false, false]) {
    await (await chat({ stream })).text()
    await setImmediate()
    expect(admission.active).toBe(0)
  }
})

test('[ST3] a comment fills every silence of 10 s, until the answer goes on', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const { stream, clock } = streamOf(() => [gates[0].promise, text('a'), gates[1].promise, end('a')])
  const reply = stream()
  await clock.untilArmed(1000)
  await clock.advance(1000)
  const { next } = readChunks(await reply)
  expect(await next()).toBe(KEEP_ALIVE)

  let chunk: string | undefined
  const read = async (): Promise<void> => {
    chunk = await next()
  }
  for (const _ of ['first', 'second']) {
    chunk = undefined
    const reading = read()
    await clock.untilArmed(10_000)
    await clock.advance(9999)
    expect(chunk).toBeUndefined()
    await clock.advance(1)
    await reading
    expect(chunk).toBe(KEEP_ALIVE)
  }

  const first = next()
  await clock.untilArmed(10_000)
  await clock.advance(6000)
  gates[0].resolve()
  expect(contentOf(await first)).toBe('a')

  // The silence is counted anew from what was sent.
  chunk = undefined
  const reading = read()
  await clock.untilArmed(10_000)
  await clock.advance(9999)
  expect(chunk).toBeUndefined()
  await clock.advance(1)
  await reading
  expect(chunk).toBe(KEEP_ALIVE)

  gates[1].resolve()
  expect(await next()).toContain('[DONE]')
  expect(await next()).toBeUndefined()
  expect(clock.armed).toBe(0)
})

test('[ST11] the response ends with its last event, while what is behind it still ends', async () => {
  const ending = Promise.withResolvers<void>()
  const { stream, background, admission } = streamOf(() => says('a'), {
    wrap: (engine) => ({
      async *run(request, options) {
        try {
          yield* engine.run(request, options)
        } finally {
          await ending.promise
        }
      },
    }),
  })
  const { text: said, done } = await readStream(await stream())
  expect([said, done, admission.active]).toEqual(['a', true, 1])
  let closed = false
  const closing = background.close().then(() => {
    closed = true
  })
  await setImmediate()
  expect(closed).toBe(false)
  ending.resolve()
  await closing
  expect(admission.active).toBe(0)
})

test('[ST12] a reader that does not read holds the engine where it is', async () => {
  const { stream, engine } = streamOf(() => [...Array.from({ length: 1000 }, () => text('Ж'.repeat(1000))), end('')])
  const { next, rest } = readChunks(await stream())
  const run = await engine.started(0)
  await setImmediate()
  expect(run.steps).toBe(1)
  for (let read = 0; read < 4; read++) await next()
  await setImmediate()
  expect(run.steps).toBe(3)
  expect(await rest()).toHaveLength(998)
})

test.each([true, false])(
  '[CA1] a caller who leaves before the first token has the run stopped (stream: %j)',
  async (stream) => {
    const { chat, engine, admission, clock, observer } = openApp(() => [forever()])
    const leaving = new AbortController()
    const reply = chat({ stream }, { signal: leaving.signal })
    const run = await engine.started(0)
    leaving.abort(new Error('gone'))
    await run.ended
    await reply
    expect([run.signal.aborted, admission.active, clock.armed]).toEqual([true, 0, 0])
    expect(observer.of('request-failed')).toEqual([])
    expect(observer.of('request-finished').map(({ left }) => left)).toEqual([true])
  },
)

test('[CA1] a caller who leaves after the hold has the run stopped', async () => {
  const { stream, engine, admission, clock } = streamOf(() => [forever()])
  const leaving = new AbortController()
  const reply = stream({}, { signal: leaving.signal })
  await clock.untilArmed(1000)
  await clock.advance(1000)
  const { next } = readChunks(await reply)
  expect(await next()).toBe(KEEP_ALIVE)
  const last = next()
  const run = await engine.started(0)
  leaving.abort(new Error('gone'))
  expect(await last).toBeUndefined()
  await run.ended
  expect([admission.active, clock.armed]).toEqual([0, 0])
})

test('[CA3] a caller who leaves in mid-answer is no failure, and nothing more is sent', async () => {
  const { stream, engine, admission, observer, background } = streamOf(() => [text('a'), forever()])
  const leaving = new AbortController()
  const { next } = readChunks(await stream({}, { signal: leaving.signal }))
  await next()
  expect(contentOf(await next())).toBe('a')
  const last = next()
  leaving.abort(new Error('gone'))
  expect(await last).toBeUndefined()
  await (
    await engine.started(0)
  ).ended
  await background.close()
  expect([admission.active, observer.of('request-failed')]).toEqual([0, []])
  expect(observer.of('request-finished').map(({ status, left }) => [status, left])).toEqual([[200, true]])
})

test('[AD3] a caller who leaves while waiting gives up the turn', async () => {
  const { chat, engine, admission } = openApp(() => says('a'), { capacity: 1 })
  const place = await admission.enter({ signal: new AbortController().signal })
  const leaving = new AbortController()
  const reply = chat({ stream: true }, { signal: leaving.signal })
  await expect.poll(() => admission.queued).toBe(1)
  leaving.abort(new Error('gone'))
  await reply
  expect(admission.queued).toBe(0)
  place[Symbol.dispose]()
  expect([admission.active, engine.runs.length]).toEqual([0, 0])
})

test('[CA5] when the server stops, callers are told, whatever they wait for', async () => {
  const { chat, clock, engine, stopping, observer, admission } = openApp((_, index) =>
    index === 1 ? [text('a'), forever()] : [forever()],
  )
  const whole = chat()
  await engine.started(0)
  const begun = readChunks(await chat({ stream: true }))
  await begun.next()
  await begun.next()
  const waiting = chat({ stream: true })
  await engine.started(2)
  const last = begun.next()
  stopping.abort(new GatewayError('shutting_down', 'The server is stopping.'))
  const error = { message: 'The server is stopping.', type: 'server_error', param: null, code: 'shutting_down' }
  for (const reply of [await whole, await waiting]) expect([reply.status, await reply.json()]).toEqual([503, { error }])
  expect(dataOf(await last)).toEqual({ error })
  expect(await begun.next()).toBeUndefined()
  await setImmediate()
  expect([admission.active, clock.armed]).toEqual([0, 0])
  expect(observer.of('request-failed').map(({ code }) => code)).toEqual(
    Array.from({ length: 3 }, () => 'shutting_down'),
  )
})

const SUPERSEDED = {
  message: 'A newer request of the same conversation took this one’s place.',
  type: 'server_error',
  param: null,
  code: 'superseded',
}
const named = (conversation: string): object => ({ metadata: { conversation } })

test('[CC15] a newer request of a conversation ends the older one, told in a frame', async () => {
  const { stream, engine } = streamOf((_, index) => (index === 0 ? [text('a'), forever()] : says('b')))
  const older = readChunks(await stream(named('разговор')))
  await older.next()
  await older.next()
  const last = older.next()
  expect((await readStream(await stream(named('разговор')))).text).toBe('b')
  expect(dataOf(await last)).toEqual({ error: SUPERSEDED })
  expect(await older.next()).toBeUndefined()
  await (
    await engine.started(0)
  ).ended
})

test.each([true, false])('[CC15] an older request that has no answer yet is 503 (stream: %j)', async (stream) => {
  const { chat, engine } = openApp((_, index) => (index === 0 ? [forever()] : says('b')))
  const older = chat({ stream, ...named('c') })
  await engine.started(0)
  expect((await chat(named('c'))).status).toBe(200)
  expect(await told(await older)).toEqual([503, [null, null, 'false'], { error: SUPERSEDED }])
})

test('[CC15] an older request that still waits for a place gives it up', async () => {
  const { chat, engine, admission } = openApp(() => says('b'), { capacity: 1 })
  const place = await admission.enter({ signal: new AbortController().signal })
  const older = chat(named('c'))
  await expect.poll(() => admission.queued).toBe(1)
  const newer = chat(named('c'))
  expect((await older).status).toBe(503)
  expect(admission.queued).toBe(1)
  place[Symbol.dispose]()
  expect((await newer).status).toBe(200)
  expect(engine.runs).toHaveLength(1)
})

test('[CC15] the header names the conversation too, and goes before the metadata', async () => {
  const { chat, engine } = openApp((_, index) => (index === 0 ? [forever()] : says('b')))
  const older = chat(named('other'), { headers: { 'x-conversation-id': 'c' } })
  const run = await engine.started(0)
  expect((await chat(named('other'))).status).toBe(200)
  expect(run.signal.aborted).toBe(false)
  expect((await chat(named('c'))).status).toBe(200)
  expect((await older).status).toBe(503)
})

test('[CC15] requests of other conversations, or of none, are left alone', async () => {
  const { chat, engine } = openApp((_, index) => (index < 3 ? [forever()] : says('b')))
  const leaving = new AbortController()
  const { signal } = leaving
  const older = [chat(named('c'), { signal }), chat({}, { signal }), chat({ user: 'c' }, { signal })]
  await engine.started(2)
  for (const fields of [{}, named('d'), named('C'), named(''), { user: 'c' }]) {
    expect((await chat(fields, { headers: { 'x-conversation-id': '' } })).status).toBe(200)
  }
  expect(engine.runs.slice(0, 3).map((run) => run.signal.aborted)).toEqual([false, false, false])
  leaving.abort(new Error('gone'))
  await Promise.all(older)
})

test('[AU3] [CC15] the newest request of a conversation stands for each tenant by itself', async () => {
  const { chat, engine } = openApp((_, index) => (index < 2 ? [forever()] : says('b')))
  const [mine, theirs] = [chat(named('c')), chat(named('c'), OTHER)]
  await engine.started(1)
  expect(engine.runs.map((run) => run.signal.aborted)).toEqual([false, false])
  expect((await chat(named('c'), OTHER)).status).toBe(200)
  expect([engine.runs[0]?.signal.aborted, (await theirs).status]).toEqual([false, 503])
  expect((await chat(named('c'))).status).toBe(200)
  expect((await mine).status).toBe(503)
})

test('[CC15] a conversation goes on after an answer, a failure and a caller who left', async () => {
  const { chat, engine, observer } = openApp((_, index) => [says('a'), [busy], [forever()], says('d')][index] ?? [])
  const leaving = new AbortController()
  expect((await chat(named('c'))).status).toBe(200)
  expect(await told(await chat(named('c')))).toMatchObject([503, {}, { error: { code: 'overloaded' } }])
  const left = chat(named('c'), { signal: leaving.signal })
  await engine.started(2)
  leaving.abort(new Error('gone'))
  await left
  expect((await chat(named('c'))).status).toBe(200)
  expect(observer.of('request-failed').map(({ code }) => code)).toEqual(['overloaded'])
})

test('[CC15] of three requests at once the last one stands', async () => {
  const gate = Promise.withResolvers<void>()
  const { chat, engine } = openApp(() => [gate.promise, ...says('a')])
  const replies = [chat(named('c')), chat(named('c')), chat(named('c'))]
  await engine.started(2)
  gate.resolve()
  expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([503, 503, 200])
})

test('[CA4] a request that is sent again after its socket died is reported with the id of the first', async () => {
  const { chat, engine, observer, clock } = openApp((_, index) => (index === 0 ? [forever()] : says('a')))
  const leaving = new AbortController()
  const died = chat({ seed: 1 }, { signal: leaving.signal })
  await engine.started(0)
  leaving.abort(new Error('gone'))
  const retryOf = (await died).headers.get('x-request-id')
  await clock.advance(59_999)
  await chat({ seed: 2 })
  expect(observer.of('request-retried')).toEqual([])
  const again = await chat({ seed: 1 })
  expect(observer.of('request-retried')).toEqual([
    { type: 'request-retried', requestId: again.headers.get('x-request-id'), retryOf },
  ])
  await chat({ seed: 1 })
  expect(observer.of('request-retried')).toHaveLength(1)
})

test.each([
  ['on another path', '/execute', 1, 0],
  ['with another body', '/v1/chat/completions', 2, 0],
  ['a minute later', '/v1/chat/completions', 1, 60_000],
] as const)('[CA4] a request %s is no retry of one that died', async (_, path, seed, laterMs) => {
  const { chat, post, engine, observer, clock } = openApp((_request, index) => (index === 0 ? [forever()] : says('a')))
  const leaving = new AbortController()
  const died = chat({ seed: 1 }, { signal: leaving.signal })
  await engine.started(0)
  leaving.abort(new Error('gone'))
  await died
  await clock.advance(laterMs)
  await post(path, { messages: [{ role: 'user', content: 'Здравей' }], seed })
  expect(observer.of('request-retried')).toEqual([])
  expect(observer.of('request-finished')).toHaveLength(2)
})

test('[AU3] [CA4] a request of another tenant is no retry of one that died, though it is the same', async () => {
  const { chat, engine, observer } = openApp((_, index) => (index === 0 ? [forever()] : says('a')))
  const leaving = new AbortController()
  const died = chat({}, { signal: leaving.signal })
  await engine.started(0)
  leaving.abort(new Error('gone'))
  await died
  await chat({}, OTHER)
  expect(observer.of('request-retried')).toEqual([])
  await chat()
  expect(observer.of('request-retried')).toHaveLength(1)
})

test('[CA4] a request that is sent again after its answer is no retry', async () => {
  const { chat, observer } = openApp(() => says('a'))
  await chat()
  await (await chat({ stream: true })).text()
  await chat()
  await (await chat({ stream: true })).text()
  expect(observer.of('request-retried')).toEqual([])
})
