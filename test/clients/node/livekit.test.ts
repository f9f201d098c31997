import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { initializeLogger, llm, type APIConnectOptions } from '@livekit/agents'
import { LLM, type LLMOptions } from '@livekit/agents-plugin-openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { KEY, startStage, until, type Stage } from '../../support/stage.ts'
import { toldModel } from './told-model.ts'

initializeLogger({ pretty: false, level: 'silent' })

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { VIVAVOCE_POOL_SPARES: '2' } })
})
afterAll(() => stage.close())

const NO_RETRY: APIConnectOptions = { maxRetry: 0, retryIntervalMs: 10, timeoutMs: 10_000 }

const open = (options: Partial<LLMOptions> = {}): LLM =>
  new LLM({ model: 'sonnet', apiKey: KEY, baseURL: `${stage.gateway.url}/v1`, ...options })

/**
 * Where another major version of `openai` is installed beside them, LiveKit's two packages have a copy of it each, and know
 * the errors of their own copy only. This is a model on one copy for both, as in an application of LiveKit's.
 */
async function openWithOneCopy(options: Partial<LLMOptions> = {}): Promise<LLM> {
  const { resolve } = createRequire(import.meta.resolve('@livekit/agents'))
  const url = new URL('index.mjs', pathToFileURL(resolve('openai')))
  const { OpenAI } = (await import(url.href)) as {
    readonly OpenAI: new (options: object) => NonNullable<LLMOptions['client']>
  }
  return open({
    client: new OpenAI({ apiKey: KEY, baseURL: `${stage.gateway.url}/v1`, maxRetries: 0 }),
    ...options,
  })
}

/** A context with an instruction and what a user says. */
const said = (...texts: readonly string[]): llm.ChatContext => {
  const context = llm.ChatContext.empty()
  context.addMessage({ role: 'system', content: 'Be brief.' })
  for (const text of texts) context.addMessage({ role: 'user', content: text })
  return context
}

interface Ended {
  readonly chunks: readonly llm.ChatChunk[]
  readonly text: string
  readonly calls: readonly llm.FunctionCall[]
}

async function read(stream: AsyncIterable<llm.ChatChunk>): Promise<Ended> {
  const chunks: llm.ChatChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return {
    chunks,
    text: chunks.map(({ delta }) => delta?.content ?? '').join(''),
    calls: chunks.flatMap(({ delta }) => delta?.toolCalls ?? []),
  }
}

/** The errors that a model emits; it throws none while it streams. */
function errorsOf(model: LLM): { readonly error: Error; readonly recoverable: boolean }[] {
  const errors: { error: Error; recoverable: boolean }[] = []
  model.on('error', ({ error, recoverable }) => errors.push({ error, recoverable }))
  return errors
}

const ran: string[] = []
const weather = llm.tool({
  name: 'get_weather',
  description: 'Времето в града.',
  parameters: z.object({ city: z.string().min(1).describe('a city'), unit: z.enum(['C', 'F']).nullable() }),
  execute: ({ city }) => {
    ran.push(city)
    return Promise.resolve({ city, degrees: city.length })
  },
})
const now = llm.tool({
  name: 'now',
  description: 'The time.',
  execute: () => Promise.resolve('noon'),
})
const toolCtx = new llm.ToolContext([weather, now])
const CALL_TWO =
  '[rehearse call=get_weather input={"city":"София","unit":null} call=get_weather input={"city":"Varna","unit":"C"}]'

/** Makes the calls and adds them, and what came of them, to the context. */
async function make(calls: readonly llm.FunctionCall[], context: llm.ChatContext): Promise<void> {
  const outputs: llm.FunctionCallOutput[] = []
  for (const call of calls) outputs.push(await llm.executeToolCall(call, toolCtx))
  for (const item of [...calls, ...outputs]) context.items.push(item)
}

describe('the LLM of LiveKit Agents', () => {
  test('[ST4] [ST6] [ST8] [R29] [R34] streams the text, and the usage at its end', async () => {
    const model = open({ temperature: 0.3 })
    const metrics: unknown[] = []
    model.on('metrics_collected', (collected) => metrics.push(collected))
    const { chunks, text } = await read(model.chat({ chatCtx: said('count to 5 [rehearse usage=70,30]') }))
    expect(text).toBe('1 2 3 4 5')
    expect(chunks.filter(({ delta }) => delta !== undefined)).toHaveLength(5)
    expect(chunks.filter(({ usage }) => usage !== undefined)).toEqual([chunks.at(-1)])
    expect(chunks.at(-1)?.usage).toMatchObject({
      promptTokens: 70,
      completionTokens: 30,
      totalTokens: 100,
      promptCachedTokens: 0,
    })
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(toldModel(stage).body).toMatchObject({ temperature: 0.3 })
    expect(toldModel(stage).system).toMatch(/Be brief\.$/)
    await until(() => metrics.length > 0)
    expect(metrics).toMatchObject([{ promptTokens: 70, completionTokens: 30, cancelled: false }])
    await model.aclose()
  })

  test('[MD1] [R1] [CC3] [R9] warms up, and is served by the name that it asks for by default', async () => {
    const before = stage.observations.length
    const model = new LLM({ apiKey: KEY, baseURL: `${stage.gateway.url}/v1` })
    model.prewarm()
    await until(() => stage.observations.slice(before).some(({ type }) => type === 'request-finished'))
    expect(model.model).toBe('gpt-4.1')
    const { text } = await read(model.chat({ chatCtx: said('кажи точно: Здравей 🙂') }))
    expect(text).toBe('Здравей 🙂')
    await model.aclose()
  })

  test('[CC8] [CC6] [CC13] [R14] [R16] limits and messages in any order are taken', async () => {
    const context = said('one', 'two')
    context.addMessage({ role: 'assistant', content: 'three', interrupted: true })
    context.addMessage({ role: 'developer', content: 'Be kind.' })
    context.addMessage({ role: 'user', content: 'count to 9' })
    const { text } = await read(open({ maxCompletionTokens: 4 }).chat({ chatCtx: context }))
    expect(text).toBe('1 2 3 4')
    const told = toldModel(stage).said.join('\n')
    expect(told).toMatch(
      /^user: one\n+user: two\nassistant: three\nuser: <system>\nBe kind\.\n<\/system>\n+user: count/,
    )
  })

  test('[IM1] [CC5] a picture reaches the model', async () => {
    const data = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    const context = llm.ChatContext.empty()
    context.addMessage({
      role: 'user',
      content: ['what is it?', llm.createImageContent({ image: `data:image/png;base64,${data}` })],
    })
    await read(open().chat({ chatCtx: context }))
    expect(toldModel(stage).said.toSorted()).toEqual(['user: <image>', 'user: what is it?'])
    expect(JSON.stringify(toldModel(stage).body.messages)).toContain(`"media_type":"image/png","data":"${data}"`)
  })
})

describe('functions of LiveKit Agents', () => {
  test('[FN1] [FN2] [FN4] [R19] [R42] [R46] two at once are called, and their results go back', async () => {
    ran.length = 0
    const prompt = `say exactly: Един момент.\n${CALL_TWO}[rehearse then-call=now]`
    const context = said(prompt)
    const model = open()
    const first = await read(model.chat({ chatCtx: context, toolCtx }))
    expect(first.text).toBe('Един момент.')
    expect(first.calls.map(({ name, args }) => [name, JSON.parse(args)])).toEqual([
      ['get_weather', { city: 'София', unit: null }],
      ['get_weather', { city: 'Varna', unit: 'C' }],
    ])
    expect(new Set(first.calls.map(({ callId }) => callId)).size).toBe(2)
    expect(first.chunks.at(-1)?.usage?.completionTokens).toBeGreaterThan(0)
    const { functions } = toldModel(stage)
    expect(functions).toMatchObject([
      {
        name: 'get_weather',
        description: 'Времето в града.',
        schema: {
          type: 'object',
          properties: { city: { type: 'string', minLength: 1, description: 'a city' }, unit: expect.anything() },
          required: ['city', 'unit'],
        },
      },
      { name: 'now', description: 'The time.', schema: { type: 'object' } },
    ])

    context.addMessage({ role: 'assistant', content: first.text })
    await make(first.calls, context)
    expect(ran).toEqual(['София', 'Varna'])
    const second = await read(model.chat({ chatCtx: context, toolCtx }))
    expect(second.calls.map(({ name, args }) => [name, args])).toEqual([['now', '{}']])
    await make(second.calls, context)
    const third = await read(model.chat({ chatCtx: context, toolCtx }))
    expect(third.text).toBe('The tool answered: "noon"')
    expect(third.calls).toEqual([])
    expect(toldModel(stage).said).toEqual([
      `user: ${prompt}`,
      'assistant: Един момент.',
      'calls get_weather {"city":"София","unit":null}',
      'calls get_weather {"city":"Varna","unit":"C"}',
      'brings {"city":"София","degrees":5}',
      'brings {"city":"Varna","degrees":5}',
      'calls now {}',
      'brings "noon"',
    ])
  })

  test('[FN4] a result that is an error is told to the model', async () => {
    const context = said('x [rehearse call=now]')
    const { calls } = await read(open().chat({ chatCtx: context, toolCtx }))
    const [call] = calls
    if (call === undefined) throw new Error('a call is due')
    context.items.push(
      call,
      llm.FunctionCallOutput.create({ callId: call.callId, name: call.name, output: 'няма връзка', isError: true }),
    )
    const next = await read(open().chat({ chatCtx: context, toolCtx }))
    expect(next.text).toBe('Инструментът отговори: няма връзка')
    expect(toldModel(stage).said.slice(1)).toEqual(['calls now {}', 'brings няма връзка'])
  })

  test('[FN6] [R6] [R7] the choice of them holds, and one call at a time', async () => {
    const names = async (options: Partial<Parameters<LLM['chat']>[0]>, prompt = 'say exactly: words') => {
      const { calls, text } = await read(open().chat({ chatCtx: said(prompt), toolCtx, ...options }))
      return calls.length === 0 ? text : calls.map(({ name }) => name).join()
    }
    expect(await names({ toolChoice: 'none' })).toBe('words')
    expect(await names({ toolChoice: 'auto' })).toBe('words')
    // What it is to say is dictated, so that the text goes before the call.
    expect(await names({ toolChoice: 'required' })).toBe('get_weather')
    expect(toldModel(stage).choice).toMatchObject({ type: 'any' })
    expect(await names({ toolChoice: { type: 'function', function: { name: 'now' } } })).toBe('now')
    expect(toldModel(stage).choice).toMatchObject({ type: 'tool', name: 'now' })
    expect(await names({ parallelToolCalls: false }, CALL_TWO)).toBe('get_weather')
    expect(await names({ parallelToolCalls: true }, CALL_TWO)).toBe('get_weather,get_weather')
  })

  test('[FN1] [R49] strict schemas are offered as they are', async () => {
    const { calls } = await read(
      open({ strictToolSchema: true }).chat({ chatCtx: said('x [rehearse call=get_weather]'), toolCtx }),
    )
    expect(calls.map(({ name }) => name)).toEqual(['get_weather'])
    expect(toldModel(stage).functions[0]?.schema).toMatchObject({
      required: ['city', 'unit'],
      additionalProperties: false,
    })
  })
})

describe('interruptions and failures in LiveKit Agents', () => {
  test('[CA1] [WP5] [R50] [R51] closing the stream stops the turn, and the next goes on from what was heard', async () => {
    const context = said('count to 500 [rehearse slow=20]')
    const model = open()
    const stream = model.chat({ chatCtx: context, toolCtx })
    let heard = ''
    for await (const { delta } of stream) {
      heard += delta?.content ?? ''
      if (heard.includes('3')) stream.close()
    }
    await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')
    context.addMessage({ role: 'assistant', content: heard.slice(0, 3), interrupted: true })
    context.addMessage({ role: 'user', content: 'say exactly: yes?' })
    expect((await read(model.chat({ chatCtx: context, toolCtx }))).text).toBe('yes?')
    expect(toldModel(stage).said).toEqual([
      'user: count to 500 [rehearse slow=20]',
      'assistant: 1 2',
      'user: say exactly: yes?',
    ])
  })

  test('[CA1] [FN3] [R50] closing it before the first word, or within a call, stops the turn as well', async () => {
    for (const direction of ['first=20000', `slow=100 call=get_weather input={"city":"${'long '.repeat(30)}"}`]) {
      const before = stage.rehearsal.requests.length
      const stream = open().chat({ chatCtx: said(`x [rehearse ${direction}]`), toolCtx })
      const ended = read(stream)
      await until(() => stage.rehearsal.requests.length > before)
      if (!direction.startsWith('first')) await until(() => stage.rehearsal.requests.at(-1)?.firstPieceAtMs)
      stream.close()
      expect((await ended).calls).toEqual([])
      await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')
    }
    expect((await read(open().chat({ chatCtx: said('say exactly: on'), toolCtx }))).text).toBe('on')
  })

  test('[ER5] [R65] one that comes before the first word is tried again', async () => {
    const model = await openWithOneCopy()
    const errors = errorsOf(model)
    const stream = model.chat({
      chatCtx: said('x [rehearse status=529 fail-times=2]'),
      toolCtx,
      connOptions: { ...NO_RETRY, maxRetry: 3 },
    })
    expect((await read(stream)).text).toContain('You said: x')
    expect(errors).toMatchObject([{ recoverable: true, error: { statusCode: 503, retryable: true } }])
    await model.aclose()
  })

  test('[ER5] [R60] [R71] what would fail for ever is not tried again', async () => {
    const fail = async (direction: string, options: Partial<LLMOptions> = {}) => {
      const model = await openWithOneCopy(options)
      const errors = errorsOf(model)
      const stream = model.chat({
        chatCtx: said(`x [rehearse ${direction}]`),
        toolCtx,
        connOptions: { ...NO_RETRY, maxRetry: 3 },
      })
      expect((await read(stream)).chunks).toEqual([])
      await until(() => errors.length > 0)
      return errors
    }
    const tooLong = 'status=400 message="prompt is too long: 300000 tokens > 200000 maximum"'
    expect(await fail(tooLong)).toMatchObject([
      { recoverable: false, error: { statusCode: 400, requestId: expect.stringMatching(/^req_/) } },
    ])
    expect(await fail('slow=1', { model: 'nope' })).toMatchObject([{ recoverable: false, error: { statusCode: 404 } }])
  })

  test('[ER3] [R63] [R65] one in mid-answer is final, after what was said', async () => {
    const fail = async (prompt: string) => {
      const model = await openWithOneCopy()
      const errors = errorsOf(model)
      const ended = await read(
        model.chat({ chatCtx: said(prompt), toolCtx, connOptions: { ...NO_RETRY, maxRetry: 3 } }),
      )
      await until(() => errors.length > 0)
      return { errors, ended }
    }
    const inText = await fail('count to 9 [rehearse drop=4]')
    expect('1 2 3 4').toContain(inText.ended.text)
    expect(inText.errors).toMatchObject([{ recoverable: false, error: { retryable: false } }])
    const inCall = await fail(`x [rehearse drop=3 call=get_weather input={"city":"${'long '.repeat(20)}","unit":null}]`)
    expect(inCall.ended.calls).toEqual([])
    expect(inCall.errors.at(-1)).toMatchObject({ recoverable: false })
  })
})
