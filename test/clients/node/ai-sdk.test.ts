import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  APICallError,
  generateObject,
  generateText,
  NoObjectGeneratedError,
  Output,
  stepCountIs,
  streamObject,
  streamText,
  tool,
  type LanguageModel,
  type ModelMessage,
} from 'ai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { KEY, startStage, until, type Stage } from '../../support/stage.ts'
import { toldModel } from './told-model.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { VIVAVOCE_POOL_SPARES: '2' } })
})
afterAll(() => stage.close())

const openai = (id: string): LanguageModel => createOpenAI({ baseURL: `${stage.gateway.url}/v1`, apiKey: KEY }).chat(id)
const compatible = (id: string): LanguageModel =>
  createOpenAICompatible({
    name: 'vivavoce',
    baseURL: `${stage.gateway.url}/v1`,
    apiKey: KEY,
    includeUsage: true,
    supportsStructuredOutputs: true,
  })(id)

const CALL_TWO = '[rehearse call=weather input={"city":"София"} call=weather input={"city":"Varna"}]'
const THEN_ADD = '[rehearse then-call=add input={"a":5,"b":-2}]'

/** How many requests came to the gateway. */
const asked = (): number => stage.observations.filter(({ type }) => type === 'request-finished').length

const failing = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => 'nothing failed',
    (error: unknown) => error,
  )

describe.each([
  ['openai', openai],
  ['openai-compatible', compatible],
])('the AI SDK with its provider %s', (_name, modelOf) => {
  const ran: string[] = []
  const weather = tool({
    description: 'Времето в града.',
    inputSchema: z.object({ city: z.string().min(1).describe('a city'), unit: z.enum(['C', 'F']).optional() }),
    execute: ({ city }) => {
      ran.push(city)
      return Promise.resolve({ city, degrees: city.length })
    },
  })
  const add = tool({
    description: 'Adds.',
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => Promise.resolve(String(a + b)),
  })
  const tools = { weather, add }
  const talker = () => modelOf('conversational/sonnet')

  test('[DO1] [ST8] [R54] generateText gives the text, why it ended and the usage', async () => {
    const result = await generateText({
      model: talker(),
      instructions: 'Be brief.',
      prompt: 'кажи точно: Здравей 🙂 [rehearse usage=70,30]',
      temperature: 0.3,
    })
    expect(result).toMatchObject({ text: 'Здравей 🙂', finishReason: 'stop' })
    expect(result.usage).toMatchObject({
      inputTokens: 70,
      outputTokens: 30,
      totalTokens: 100,
      inputTokenDetails: { cacheReadTokens: 0 },
      outputTokenDetails: { reasoningTokens: 0 },
    })
    expect(result.response.modelId).toBe('conversational/sonnet')
    expect(toldModel(stage).system).toMatch(/Be brief\.$/)
    expect(toldModel(stage).body).toMatchObject({ temperature: 0.3 })
  })

  test('[ST1] [ST4] [ST8] [R33] [R34] streamText gives each delta, the end and the usage', async () => {
    const result = streamText({ model: modelOf('sonnet'), prompt: 'count to 5 [rehearse usage=70,30]' })
    const deltas: string[] = []
    for await (const delta of result.textStream) deltas.push(delta)
    expect(deltas).toEqual(['1', ' 2', ' 3', ' 4', ' 5'])
    expect(await result.finishReason).toBe('stop')
    expect(await result.usage).toMatchObject({ inputTokens: 70, outputTokens: 30, totalTokens: 100 })
  })

  test('[CC8] [CC12] [R4] [R33] limits and stop texts end the answer', async () => {
    const cut = await generateText({ model: talker(), prompt: 'count to 9', maxOutputTokens: 4 })
    expect(cut).toMatchObject({ text: '1 2 3 4', finishReason: 'length' })
    const stopped = streamText({ model: modelOf('sonnet'), prompt: 'count to 9', stopSequences: [' 4'] })
    expect(await stopped.text).toBe('1 2 3')
    expect(await stopped.finishReason).toBe('stop')
  })

  test('[IM1] [CC5] [R15] a picture reaches the model', async () => {
    const data = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    await generateText({
      model: talker(),
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what is it?' },
            { type: 'file', mediaType: 'image/png', data },
          ],
        },
      ],
    })
    expect(toldModel(stage).said).toEqual(['user: what is it?', 'user: <image>'])
    expect(JSON.stringify(toldModel(stage).body.messages)).toContain(`"media_type":"image/png","data":"${data}"`)
  })

  describe('tools', () => {
    const PROMPT = `Compare. ${CALL_TWO} ${THEN_ADD}`
    const SAID = [
      `user: ${PROMPT}`,
      'calls weather {"city":"София"}',
      'calls weather {"city":"Varna"}',
      'brings {"city":"София","degrees":5}',
      'brings {"city":"Varna","degrees":5}',
      'calls add {"a":5,"b":-2}',
      'brings 3',
    ]

    test('[FN1] [FN4] [R47] [R49] go through several steps, two calls at once among them', async () => {
      ran.length = 0
      const result = await generateText({ model: modelOf('sonnet'), tools, stopWhen: stepCountIs(4), prompt: PROMPT })
      expect(result.text).toBe('The tool answered: 3')
      expect(ran).toEqual(['София', 'Varna'])
      expect(result.steps.map(({ finishReason, toolCalls }) => [finishReason, toolCalls.length])).toEqual([
        ['tool-calls', 2],
        ['tool-calls', 1],
        ['stop', 0],
      ])
      const told = toldModel(stage)
      expect(told.said).toEqual(SAID)
      expect(told.functions).toMatchObject([
        { name: 'add', description: 'Adds.' },
        {
          name: 'weather',
          description: 'Времето в града.',
          schema: {
            type: 'object',
            properties: {
              city: { type: 'string', minLength: 1, description: 'a city' },
              unit: { type: 'string', enum: ['C', 'F'] },
            },
            required: ['city'],
            additionalProperties: false,
          },
        },
      ])

      // What it kept of the steps is a history like any other.
      const messages: ModelMessage[] = [
        { role: 'user', content: PROMPT },
        ...result.responseMessages,
        { role: 'user', content: 'say exactly: bye' },
      ]
      expect((await generateText({ model: modelOf('sonnet'), tools, messages })).text).toBe('bye')
      expect(toldModel(stage).said).toEqual([...SAID, 'assistant: The tool answered: 3', 'user: say exactly: bye'])
    })

    test('[FN2] [FN10] [R42] [R43] [R44] are streamed: what is said, then the calls with their inputs', async () => {
      ran.length = 0
      const prompt = `say exactly: Един момент.\n${CALL_TWO}${THEN_ADD}`
      const result = streamText({ model: modelOf('sonnet'), tools, stopWhen: stepCountIs(4), prompt })
      const kinds: string[] = []
      const inputs: Record<string, string> = {}
      for await (const part of result.stream) {
        if (part.type === 'tool-input-delta') inputs[part.id] = (inputs[part.id] ?? '') + part.delta
        if (kinds.at(-1) !== part.type) kinds.push(part.type)
      }
      const steps = await result.steps
      const calls = steps.flatMap(({ toolCalls }) => toolCalls)
      expect(calls.map(({ toolName, input }) => [toolName, input])).toEqual([
        ['weather', { city: 'София' }],
        ['weather', { city: 'Varna' }],
        ['add', { a: 5, b: -2 }],
      ])
      expect(calls.map(({ toolCallId }) => JSON.parse(inputs[toolCallId] ?? ''))).toEqual(
        calls.map(({ input }) => input),
      )
      expect(kinds.indexOf('text-delta')).toBeLessThan(kinds.indexOf('tool-input-start'))
      expect(kinds).not.toContain('error')
      expect(steps.map(({ text }) => text)).toEqual(['Един момент.', '', 'The tool answered: 3'])
      expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'tool-calls', 'stop'])
      expect((await result.totalUsage).outputTokens).toBeGreaterThan(3)
      expect(toldModel(stage).said).toEqual([`user: ${prompt}`, 'assistant: Един момент.', ...SAID.slice(1)])
    })

    test('[FN4] one that throws has its error told to the model', async () => {
      const broken = tool({
        inputSchema: z.object({}),
        execute: (): Promise<string> => Promise.reject(new Error('няма връзка')),
      })
      const result = await generateText({
        model: modelOf('sonnet'),
        tools: { broken },
        stopWhen: stepCountIs(3),
        prompt: 'try [rehearse call=broken]',
      })
      expect(result.text).toMatch(/^Инструментът отговори: .*няма връзка/)
      expect(toldModel(stage).said.slice(1)).toEqual([
        'calls broken {}',
        expect.stringMatching(/^brings .*няма връзка/),
      ])
    })

    test('[FN9] arguments that break the schema come to the client, whose complaint the model is told', async () => {
      ran.length = 0
      const result = await generateText({
        model: modelOf('sonnet'),
        tools,
        stopWhen: stepCountIs(3),
        prompt: 'try [rehearse call=weather input={"town":"x"}]',
      })
      expect(ran).toEqual([])
      expect(result.steps[0]?.toolCalls).toMatchObject([{ toolName: 'weather', invalid: true }])
      const [, call, complaint] = toldModel(stage).said
      expect(call).toBe('calls weather {"town":"x"}')
      expect(complaint).toMatch(/^brings .*Invalid input for tool weather/)
    })

    test('[FN6] [R7] are called as the choice of them says', async () => {
      const choose = async (toolChoice: 'none' | 'required' | { type: 'tool'; toolName: 'add' }) => {
        const { toolCalls, text } = await generateText({
          model: modelOf('sonnet'),
          tools,
          toolChoice,
          prompt: 'say exactly: words',
        })
        return toolCalls.length === 0 ? text : toolCalls.map(({ toolName }) => toolName).join()
      }
      expect(await choose('none')).toBe('words')
      expect(await choose('required')).toBe('add')
      expect(toldModel(stage).choice).toMatchObject({ type: 'any' })
      expect(await choose({ type: 'tool', toolName: 'add' })).toBe('add')
      expect(toldModel(stage).choice).toMatchObject({ type: 'tool', name: 'add' })
    })

    test('[FN7] that change from step to step are those that the model is offered', async () => {
      const result = await generateText({
        model: modelOf('sonnet'),
        tools,
        stopWhen: stepCountIs(3),
        prepareStep: ({ stepNumber }) => ({ activeTools: stepNumber === 0 ? ['weather'] : ['add'] }),
        prompt: `x [rehearse call=weather input={"city":"Ruse"}] ${THEN_ADD}`,
      })
      expect(result.text).toBe('The tool answered: 3')
      expect([2, 1, 0].map((before) => toldModel(stage, before).functions.map(({ name }) => name))).toEqual([
        ['weather'],
        ['add'],
        ['add'],
      ])
    })
  })

  describe('structured answers', () => {
    const schema = z.object({
      customer: z.object({ name: z.string(), phone: z.string().nullable() }),
      items: z.array(z.object({ dish: z.string(), count: z.int().min(1), size: z.enum(['малка', 'голяма']) })),
    })
    const order: z.infer<typeof schema> = {
      customer: { name: 'Ана "Я" 🙂', phone: null },
      items: [
        { dish: 'супа', count: 2, size: 'малка' },
        { dish: 'салата', count: 1, size: 'голяма' },
      ],
    }
    const dictate = (answer: unknown): string => `answer [rehearse call=answer input=${JSON.stringify(answer)}]`

    test('[CC11] [R6] are what the schema has them be', async () => {
      const result = await generateText({ model: talker(), output: Output.object({ schema }), prompt: dictate(order) })
      expect(result.output).toEqual(order)
      expect(result.finishReason).toBe('stop')
      expect(toldModel(stage).functions).toMatchObject([
        {
          schema: {
            type: 'object',
            properties: {
              customer: { required: ['name', 'phone'], additionalProperties: false },
              items: { type: 'array', items: { properties: { size: { enum: ['малка', 'голяма'] } } } },
            },
            required: ['customer', 'items'],
          },
        },
      ])
      const { object } = await generateObject({ model: talker(), schema, prompt: 'make one' })
      expect(schema.parse(object)).toEqual(object)
    })

    test('[CC11] [ST6] grow while they are streamed', async () => {
      const result = streamText({ model: modelOf('sonnet'), output: Output.object({ schema }), prompt: dictate(order) })
      const partial: unknown[] = []
      for await (const part of result.partialOutputStream) partial.push(part)
      expect(partial.length).toBeGreaterThan(3)
      expect(partial[0]).not.toEqual(order)
      expect(partial.at(-1)).toEqual(order)
      expect(await result.output).toEqual(order)
      const streamed = streamObject({ model: modelOf('sonnet'), schema, prompt: dictate(order) })
      let last: unknown
      for await (const part of streamed.partialObjectStream) last = part
      expect(last).toEqual(order)
      expect(await streamed.object).toEqual(order)
      expect((await streamed.usage).outputTokens).toBeGreaterThan(0)
    })

    test('[CC11] lists, choices and any JSON are had as well', async () => {
      const list = await generateText({
        model: talker(),
        output: Output.array({ element: z.object({ n: z.int() }) }),
        prompt: dictate({ elements: [{ n: 1 }, { n: 2 }] }),
      })
      expect(list.output).toEqual([{ n: 1 }, { n: 2 }])
      const streamed = streamText({
        model: modelOf('sonnet'),
        output: Output.array({ element: z.object({ n: z.int() }) }),
        prompt: dictate({ elements: [{ n: 1 }, { n: 2 }, { n: 3 }] }),
      })
      const elements: unknown[] = []
      for await (const element of streamed.elementStream) elements.push(element)
      expect(elements).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
      const choice = await generateText({
        model: talker(),
        output: Output.choice({ options: ['да', 'не'] }),
        prompt: dictate({ result: 'не' }),
      })
      expect(choice.output).toBe('не')
      const json = await generateText({ model: talker(), output: Output.json(), prompt: dictate({ a: [null] }) })
      expect(json.output).toEqual({ a: [null] })
    })

    const node = z.object({
      value: z.string(),
      get next() {
        return z.array(node)
      },
    })

    test.each([
      ['a tuple', z.tuple([z.string(), z.number()]), ['a', 1]],
      [
        'a union',
        z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b'), n: z.int() })]),
        { t: 'b', n: 1 },
      ],
      ['a record', z.record(z.string(), z.number()), { ключ: 1 }],
      ['a tree', node, { value: 'a', next: [{ value: 'b', next: [] }] }],
      ['a text of a form', z.string().regex(/^[a-z]+\d$/), 'ab1'],
      ['a date', z.iso.datetime(), '2026-01-01T12:00:00Z'],
      ['what may be left out', z.object({ a: z.string().optional(), b: z.int().default(3) }), { b: 4 }],
    ])('[CC11] [CC18] [FN1] hold %s, and arguments of tools do', async (_kind, part, value) => {
      const whole = z.object({ part })
      const result = await generateText({
        model: talker(),
        output: Output.object({ schema: whole }),
        prompt: dictate({ part: value }),
        maxRetries: 0,
      })
      expect(result.output).toEqual({ part: value })
      const calling = await generateText({
        model: modelOf('sonnet'),
        tools: { probe: tool({ inputSchema: whole }) },
        prompt: `x [rehearse call=probe input=${JSON.stringify({ part: value })}]`,
        maxRetries: 0,
      })
      expect(calling.toolCalls).toMatchObject([{ toolName: 'probe', input: { part: value } }])
    })

    test('[FN11] [FN4] come after the calls of tools', async () => {
      const result = await generateText({
        model: modelOf('sonnet'),
        tools,
        output: Output.object({ schema }),
        stopWhen: stepCountIs(4),
        prompt: `${CALL_TWO} [rehearse then-call=answer input=${JSON.stringify(order)}]`,
      })
      expect(result.output).toEqual(order)
      expect(result.steps.at(-1)?.toolCalls).toEqual([])
      expect(toldModel(stage).said.slice(1).toSorted()).toEqual([
        'brings {"city":"Varna","degrees":5}',
        'brings {"city":"София","degrees":5}',
        'calls weather {"city":"Varna"}',
        'calls weather {"city":"София"}',
      ])
    })

    test('[CC8] [CC11] one that meets its limit is no object', async () => {
      const error = await failing(
        generateObject({ model: talker(), schema, prompt: dictate(order), maxOutputTokens: 3, maxRetries: 0 }),
      )
      expect(NoObjectGeneratedError.isInstance(error) && error.finishReason).toBe('length')
    })
  })

  describe('failures', () => {
    test('[CA1] [R50] aborting stops the run, whole or streamed', async () => {
      const leaver = new AbortController()
      const result = streamText({
        model: modelOf('sonnet'),
        prompt: 'count to 500 [rehearse slow=20]',
        abortSignal: leaver.signal,
      })
      const kinds: string[] = []
      for await (const part of result.stream) {
        kinds.push(part.type)
        if (part.type === 'text-delta') leaver.abort()
      }
      expect(kinds.at(-1)).toBe('abort')
      await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')

      const second = new AbortController()
      const before = stage.rehearsal.requests.length
      const whole = failing(
        generateText({
          model: modelOf('sonnet'),
          tools,
          prompt: 'x [rehearse first=20000 call=add]',
          abortSignal: second.signal,
        }),
      )
      await until(() => stage.rehearsal.requests.length > before)
      second.abort()
      expect(await whole).toMatchObject({ name: 'AbortError' })
      await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')
    })

    test('[ER5] [R64] are known by their status, and whether they may be tried again', async () => {
      const fail = (direction: string) =>
        failing(generateText({ model: modelOf('sonnet'), tools, prompt: `x [rehearse ${direction}]`, maxRetries: 0 }))
      expect(await fail('status=529')).toSatisfy(APICallError.isInstance)
      expect(await fail('status=529')).toMatchObject({ statusCode: 503, isRetryable: true })
      expect(await fail('status=429 retry-after=9')).toMatchObject({
        statusCode: 429,
        isRetryable: true,
        responseHeaders: { 'retry-after': expect.stringMatching(/^\d+$/) },
      })
      expect(await fail('status=401')).toMatchObject({ statusCode: 503 })
      expect(await failing(generateText({ model: modelOf('nope'), prompt: 'x', maxRetries: 0 }))).toMatchObject({
        statusCode: 404,
        isRetryable: false,
        message: expect.stringContaining('The model `nope` does not exist'),
      })
    })

    test('[ER5] [R70] it tries again by itself, after the time that it is told', async () => {
      const before = asked()
      const prompt = `x ${_name} [rehearse status=429 retry-after=1 fail-times=2]`
      const result = await generateText({ model: modelOf('sonnet'), tools, prompt })
      expect(result.text).toContain('You said: x')
      expect(asked() - before).toBeGreaterThan(1)
    })

    test('[ER3] [R63] one in mid-answer is a part after what was said, and so is one before the first word', async () => {
      const parts = async (prompt: string) => {
        const result = streamText({
          model: modelOf('sonnet'),
          tools,
          prompt,
          maxRetries: 0,
          onError: () => undefined,
        })
        const kinds: string[] = []
        let text = ''
        for await (const part of result.stream) {
          if (kinds.at(-1) !== part.type) kinds.push(part.type)
          if (part.type === 'text-delta') text += part.text
        }
        return { kinds, text }
      }
      ran.length = 0
      const broken = await parts('count to 9 [rehearse drop=4]')
      expect(broken.kinds).toContain('error')
      expect(broken.kinds.indexOf('text-delta')).toBeLessThan(broken.kinds.indexOf('error'))
      expect('1 2 3 4').toContain(broken.text)
      const early = await parts('x [rehearse status=529]')
      expect(early.kinds).toContain('error')
      expect(early.text).toBe('')
      const inCall = await parts(`x [rehearse drop=3 call=weather input={"city":"${'long '.repeat(20)}"}]`)
      expect(inCall.kinds).toContain('error')
      // It tells of the call that was broken off, and does not make it.
      expect(ran).toEqual([])
    })
  })
})
