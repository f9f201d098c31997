import {
  AIMessage,
  AIMessageChunk,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type BaseMessage,
} from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI, type ChatOpenAIFields } from '@langchain/openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { KEY, startStage, until, type Stage } from '../../support/stage.ts'
import { toldModel } from './told-model.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { VIVAVOCE_POOL_SPARES: '2' } })
})
afterAll(() => stage.close())

const chat = (fields: ChatOpenAIFields = {}): ChatOpenAI =>
  new ChatOpenAI({
    model: 'conversational/sonnet',
    apiKey: KEY,
    configuration: { baseURL: `${stage.gateway.url}/v1` },
    maxRetries: 0,
    ...fields,
  })

const failing = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing failed',
    (error: unknown) => error,
  )

/** The pieces of a stream, and what they come to. */
async function gather(
  stream: AsyncIterable<AIMessageChunk>,
): Promise<{ pieces: AIMessageChunk[]; whole: AIMessageChunk }> {
  const pieces: AIMessageChunk[] = []
  let whole: AIMessageChunk | undefined
  for await (const piece of stream) {
    pieces.push(piece)
    whole = whole === undefined ? piece : whole.concat(piece)
  }
  if (whole === undefined) throw new Error('nothing came')
  return { pieces, whole }
}

const ran: string[] = []
const weather = tool(
  ({ city }: { city: string }) => {
    ran.push(city)
    return JSON.stringify({ city, degrees: city.length })
  },
  {
    name: 'weather',
    description: 'Времето в града.',
    schema: z.object({ city: z.string().min(1).describe('a city'), unit: z.enum(['C', 'F']).optional() }),
  },
)
const add = tool(({ a, b }: { a: number; b: number }) => String(a + b), {
  name: 'add',
  description: 'Adds.',
  schema: z.object({ a: z.number(), b: z.number() }),
})
const CALL_TWO = '[rehearse call=weather input={"city":"София"} call=weather input={"city":"Varna"}]'
const THEN_ADD = '[rehearse then-call=add input={"a":5,"b":-2}]'

/** Makes the calls of a message. */
async function results({ tool_calls: calls = [] }: AIMessage): Promise<ToolMessage[]> {
  const made: ToolMessage[] = []
  for (const call of calls) {
    const answer: unknown = await (call.name === 'add' ? add.invoke(call) : weather.invoke(call))
    if (answer instanceof ToolMessage) made.push(answer)
  }
  return made
}

describe('ChatOpenAI of LangChain', () => {
  test('[DO1] [ST8] [R54] invoke gives the text, why it ended and the usage', async () => {
    const message = await chat({ temperature: 0.3 }).invoke([
      new SystemMessage('Be brief.'),
      new HumanMessage('кажи точно: Здравей 🙂 [rehearse usage=70,30]'),
    ])
    expect(message).toBeInstanceOf(AIMessage)
    expect(message.content).toBe('Здравей 🙂')
    expect(message.response_metadata).toMatchObject({ finish_reason: 'stop', model_name: 'conversational/sonnet' })
    expect(message.usage_metadata).toMatchObject({
      input_tokens: 70,
      output_tokens: 30,
      total_tokens: 100,
      input_token_details: { cache_read: 0 },
      output_token_details: { reasoning: 0 },
    })
    expect(toldModel(stage).system).toMatch(/Be brief\.$/)
    expect(toldModel(stage).body).toMatchObject({ temperature: 0.3 })
  })

  test('[ST4] [ST7] [R30] [R34] stream gives each piece, and the usage at its end', async () => {
    const { pieces, whole } = await gather(await chat({ model: 'sonnet' }).stream('count to 5 [rehearse usage=70,30]'))
    const texts = pieces.map(({ text }) => text).filter((text) => text !== '')
    expect(texts).toEqual(['1', ' 2', ' 3', ' 4', ' 5'])
    expect(whole).toBeInstanceOf(AIMessageChunk)
    expect(whole.usage_metadata).toMatchObject({ input_tokens: 70, output_tokens: 30, total_tokens: 100 })
    expect(whole.response_metadata).toMatchObject({ finish_reason: 'stop', model_name: 'sonnet' })
  })

  test('[CC5] [CC13] a history of messages of every kind is what the model is told', async () => {
    const history: BaseMessage[] = [
      new SystemMessage('S'),
      new HumanMessage({ content: [{ type: 'text', text: 'one' }] }),
      new AIMessage({ content: [{ type: 'text', text: 'two' }] }),
      new HumanMessage('say exactly: four'),
    ]
    expect((await chat().invoke(history)).content).toBe('four')
    expect(toldModel(stage).said).toEqual(['user: one', 'assistant: two', 'user: say exactly: four'])
  })

  test('[CC8] [CC12] [R4] limits and stop texts end the answer', async () => {
    const cut = await chat({ maxTokens: 4 }).invoke('count to 9')
    expect(cut.content).toBe('1 2 3 4')
    expect(cut.response_metadata).toMatchObject({ finish_reason: 'length' })
    expect((await chat().invoke('count to 9', { stop: [' 4'] })).content).toBe('1 2 3')
  })

  describe('tools that are bound', () => {
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

    test('[FN1] [FN2] [FN4] [R47] [R49] are called, and their results go back, round after round', async () => {
      ran.length = 0
      const bound = chat({ model: 'sonnet' }).bindTools([weather, add])
      const messages: BaseMessage[] = [new HumanMessage(PROMPT)]
      for (;;) {
        const message = await bound.invoke(messages)
        messages.push(message)
        if (message.tool_calls === undefined || message.tool_calls.length === 0) break
        expect(message.response_metadata).toMatchObject({ finish_reason: 'tool_calls' })
        expect(message.content).toBe('')
        messages.push(...(await results(message)))
      }
      expect(messages.at(-1)?.text).toBe('The tool answered: 3')
      expect(ran).toEqual(['София', 'Varna'])
      const told = toldModel(stage)
      expect(told.said).toEqual(SAID)
      expect(told.functions).toMatchObject([
        { name: 'add' },
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
          },
        },
      ])
    })

    test('[FN2] [FN10] [R36] [R42] [R43] [R44] are called in a stream', async () => {
      ran.length = 0
      const bound = chat({ model: 'sonnet' }).bindTools([weather, add])
      const prompt = `say exactly: Един момент.\n${CALL_TWO}`
      const messages: BaseMessage[] = [new HumanMessage(prompt)]
      const first = await gather(await bound.stream(messages))
      expect(first.whole.text).toBe('Един момент.')
      expect(first.whole.tool_calls).toMatchObject([
        { name: 'weather', args: { city: 'София' }, type: 'tool_call' },
        { name: 'weather', args: { city: 'Varna' }, type: 'tool_call' },
      ])
      expect(first.whole.invalid_tool_calls).toEqual([])
      expect(first.whole.usage_metadata).toMatchObject({ output_tokens: expect.any(Number) })
      expect(first.pieces.flatMap(({ tool_call_chunks: chunks = [] }) => chunks).length).toBeGreaterThan(3)
      messages.push(first.whole, ...(await results(first.whole)))
      const second = await gather(await bound.stream(messages))
      expect(second.whole.text).toContain('{"city":"София","degrees":5} | {"city":"Varna","degrees":5}')
      expect(toldModel(stage).said).toEqual([`user: ${prompt}`, 'assistant: Един момент.', ...SAID.slice(1, 5)])
    })

    test('[FN2] [R45] one without arguments is called with none', async () => {
      const now = tool(() => 'noon', { name: 'now', description: '', schema: z.object({}) })
      const message = await chat({ model: 'sonnet' }).bindTools([now]).invoke('x [rehearse call=now input={}]')
      expect(message.tool_calls).toMatchObject([{ name: 'now', args: {} }])
      const { whole } = await gather(
        await chat({ model: 'sonnet' }).bindTools([now]).stream('x [rehearse call=now input={}]'),
      )
      expect(whole.tool_calls).toMatchObject([{ name: 'now', args: {} }])
    })

    test('[FN4] a result that is an error is told to the model', async () => {
      const bound = chat({ model: 'sonnet' }).bindTools([weather])
      const asked = new HumanMessage('x [rehearse call=weather input={"city":"Ruse"}]')
      const message = await bound.invoke([asked])
      const failed = new ToolMessage({
        tool_call_id: message.tool_calls?.[0]?.id ?? '',
        content: 'няма връзка',
        status: 'error',
      })
      expect((await bound.invoke([asked, message, failed])).text).toBe('Инструментът отговори: няма връзка')
      expect(toldModel(stage).said.slice(1)).toEqual(['calls weather {"city":"Ruse"}', 'brings няма връзка'])
    })

    test('[FN4] [CC5] [IM1] a picture that a call brought reaches the model', async () => {
      const bound = chat({ model: 'sonnet' }).bindTools([weather])
      const asked = new HumanMessage('x [rehearse call=weather input={"city":"Ruse"}]')
      const message = await bound.invoke([asked])
      const data = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
      const brought = new ToolMessage({
        tool_call_id: message.tool_calls?.[0]?.id ?? '',
        content: [
          { type: 'text', text: 'a map' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
        ],
      })
      expect((await bound.invoke([asked, message, brought])).text).toBe('The tool answered: a map')
      expect(toldModel(stage).said.slice(1)).toEqual(['calls weather {"city":"Ruse"}', 'brings a map + <image>'])
      expect(JSON.stringify(toldModel(stage).body.messages)).toContain(`"media_type":"image/png","data":"${data}"`)
    })

    test('[FN6] [R6] [R7] the choice of them holds, and one call at a time', async () => {
      const model = chat({ model: 'sonnet' })
      const names = async (options: Parameters<ChatOpenAI['bindTools']>[1], prompt = 'say exactly: words') => {
        const message = await model.bindTools([weather, add], options).invoke(prompt)
        return message.tool_calls?.map(({ name }) => name).join() || message.text
      }
      expect(await names({ tool_choice: 'none' })).toBe('words')
      expect(await names({ tool_choice: 'auto' })).toBe('words')
      expect(await names({ tool_choice: 'any' })).toBe('add')
      expect(toldModel(stage).choice).toMatchObject({ type: 'any' })
      expect(await names({ tool_choice: 'weather' })).toBe('weather')
      expect(toldModel(stage).choice).toMatchObject({ type: 'tool', name: 'weather' })
      expect(await names({ parallel_tool_calls: false }, CALL_TWO)).toBe('weather')
      expect(await names({}, CALL_TWO)).toBe('weather,weather')
    })
  })

  describe('structured output', () => {
    const schema = z.object({
      customer: z.object({ name: z.string(), phone: z.string().nullable() }),
      items: z.array(z.object({ dish: z.string(), count: z.number().int().min(1), size: z.enum(['малка', 'голяма']) })),
    })
    const order: z.infer<typeof schema> = {
      customer: { name: 'Ана "Я" 🙂', phone: null },
      items: [{ dish: 'супа', count: 2, size: 'голяма' }],
    }
    const dictate = (name: string): string => `an order [rehearse call=${name} input=${JSON.stringify(order)}]`

    test('[CC11] [R6] by a JSON schema is parsed, whole and streamed', async () => {
      const whole = chat().withStructuredOutput(schema, { name: 'order', method: 'jsonSchema', includeRaw: true })
      const { parsed, raw } = await whole.invoke(dictate('answer'))
      expect(parsed).toEqual(order)
      expect(raw).toMatchObject({ response_metadata: { finish_reason: 'stop' } })
      expect(toldModel(stage).functions).toMatchObject([
        { schema: { type: 'object', required: ['customer', 'items'], additionalProperties: false } },
      ])
      const streamed = chat({ model: 'sonnet' }).withStructuredOutput(schema, { name: 'order', method: 'jsonSchema' })
      let last: unknown
      for await (const part of await streamed.stream(dictate('answer'))) last = part
      expect(last).toEqual(order)
    })

    test('[FN6] by the call of a function is parsed, whole and streamed', async () => {
      const structured = chat({ model: 'sonnet' }).withStructuredOutput(schema, {
        name: 'order',
        method: 'functionCalling',
        strict: true,
      })
      expect(await structured.invoke(dictate('order'))).toEqual(order)
      expect(toldModel(stage).choice).toMatchObject({ type: 'tool', name: 'order' })
      let last: unknown
      for await (const part of await structured.stream(dictate('order'))) last = part
      expect(last).toEqual(order)
      expect(schema.parse(await structured.invoke('make one')).items[0]?.size).toBe('малка')
    })

    test('[CC11] in the mode of any JSON is parsed', async () => {
      const structured = chat().withStructuredOutput(schema, { name: 'order', method: 'jsonMode' })
      expect(await structured.invoke(dictate('answer'))).toEqual(order)
    })
  })

  describe('failures', () => {
    test('[CA1] [R50] aborting stops the run, whole or streamed', async () => {
      const leaver = new AbortController()
      const stream = await chat({ model: 'sonnet' }).stream('count to 500 [rehearse slow=20]', {
        signal: leaver.signal,
      })
      const reading = (async () => {
        for await (const { text } of stream) if (text.includes('3')) leaver.abort()
      })()
      expect(await failing(reading)).toMatchObject({ message: expect.stringMatching(/abort/i) })
      await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')

      const second = new AbortController()
      const before = stage.rehearsal.requests.length
      const whole = failing(
        chat({ model: 'sonnet' })
          .bindTools([add])
          .invoke('x [rehearse first=20000 call=add]', { signal: second.signal }),
      )
      await until(() => stage.rehearsal.requests.length > before)
      second.abort()
      expect(await whole).toMatchObject({ message: expect.stringMatching(/abort/i) })
      await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')
    })

    test('[CA1] [R50] breaking off a stream stops the run', async () => {
      for await (const { text } of await chat({ model: 'sonnet' }).stream('count to 500 [rehearse slow=20]')) {
        if (text.includes('3')) break
      }
      await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')
    })

    test('[ER5] [ER6] [R64] are told apart by their status', async () => {
      const fail = (direction: string) =>
        failing(chat({ model: 'sonnet' }).bindTools([weather, add]).invoke(`x [rehearse ${direction}]`))
      expect(await fail('status=429 retry-after=9')).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
      expect(await fail('status=529')).toMatchObject({ status: 503, code: 'overloaded' })
      expect(await fail('status=400 message="prompt is too long: 300000 tokens > 200000 maximum"')).toMatchObject({
        status: 400,
        code: 'context_length_exceeded',
      })
      expect(await failing(chat({ model: 'nope' }).invoke('x'))).toMatchObject({ status: 404 })
    })

    test('[ER5] [R70] one that passes is tried again', async () => {
      const message = await chat({ model: 'sonnet', maxRetries: 2 }).invoke('x [rehearse status=529 fail-times=2]')
      expect(message.text).toContain('You said: x')
    })

    test('[ER3] [R63] one in mid-answer is thrown after what was said', async () => {
      let text = ''
      const reading = (async () => {
        for await (const piece of await chat({ model: 'sonnet' }).stream('count to 9 [rehearse drop=4]')) {
          text += piece.text
        }
      })()
      expect(await failing(reading)).toBeInstanceOf(Error)
      expect('1 2 3 4').toContain(text)
      const bound = chat({ model: 'sonnet' }).bindTools([weather])
      const call = `x [rehearse drop=3 call=weather input={"city":"${'long '.repeat(20)}"}]`
      expect(await failing(bound.stream(call).then(gather))).toBeInstanceOf(Error)
    })
  })
})
