import OpenAI, { APIError, APIUserAbortError, BadRequestError, InternalServerError, RateLimitError } from 'openai'
import { LengthFinishReasonError } from 'openai/core/error'
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { KEY, startStage, until, type Stage } from '../../support/stage.ts'
import { toldModel } from './told-model.ts'

/** Answers that are not streamed come from a talker by this name. */
const TALKER = 'conversational/sonnet'

let stage: Stage
let client: OpenAI
beforeAll(async () => {
  stage = await startStage({ env: { VIVAVOCE_POOL_SPARES: '2' } })
  client = new OpenAI({ baseURL: `${stage.gateway.url}/v1`, apiKey: KEY, maxRetries: 0 })
})
afterAll(() => stage.close())

type Messages = OpenAI.ChatCompletionMessageParam[]
type Tools = OpenAI.ChatCompletionTool[]

const user = (content: string): Messages => [{ role: 'user', content }]
const failing = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing failed',
    (error: unknown) => error,
  )

/** A schema with what a tool's schema may have and the gateway has no use for. */
const WEATHER_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    city: { type: 'string', description: 'Град, e.g. "София"', minLength: 1 },
    unit: { enum: ['celsius', 'fahrenheit'], default: 'celsius' },
    days: { type: 'array', items: { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'null' }] }, 'x-ui': { a: [1] } },
  },
  required: ['city'],
  additionalProperties: false,
}
const weather: OpenAI.ChatCompletionFunctionTool = {
  type: 'function',
  function: { name: 'get_weather', description: 'Времето сега.', parameters: WEATHER_SCHEMA, strict: true },
}
const clock: OpenAI.ChatCompletionFunctionTool = { type: 'function', function: { name: 'clock-now' } }
const tools: Tools = [weather, clock]

const CALL_SOFIA = '[rehearse call=get_weather input={"city":"София"}]'
const CALL_TWO = '[rehearse call=get_weather input={"city":"Sofia"} call=get_weather input={"city":"Varna"}]'

const functionCalls = (message: OpenAI.ChatCompletionMessage | undefined) =>
  (message?.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []))
const called = (message: OpenAI.ChatCompletionMessage | undefined): readonly string[] =>
  functionCalls(message).map(({ function: { name, arguments: json } }) => `${name} ${json}`)

async function chunksOf(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<OpenAI.ChatCompletionChunk[]> {
  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

describe('functions, whole and streamed', () => {
  test('[FN1] [FN2] [R49] [R54] a call comes whole, and the model was offered the functions as they are', async () => {
    const completion = await client.chat.completions.create({
      model: 'sonnet',
      messages: [{ role: 'system', content: 'Be brief.' }, ...user(`времето? ${CALL_SOFIA}`)],
      tools,
    })
    expect(completion.choices).toHaveLength(1)
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: expect.stringMatching(/^call_\w+$/),
            type: 'function',
            function: { name: 'get_weather', arguments: '{"city":"София"}' },
          },
        ],
      },
    })
    const told = toldModel(stage)
    expect(told.functions).toEqual([
      { name: 'clock-now', description: '', schema: { type: 'object' } },
      { name: 'get_weather', description: 'Времето сега.', schema: WEATHER_SCHEMA },
    ])
    expect(told.system).toMatch(/Be brief\.$/)
    expect(told.said).toEqual([`user: времето? ${CALL_SOFIA}`])
    expect(told.choice).toBeUndefined()
  })

  test('[FN2] [R30] [R42] [R43] [R44] streamed calls come one a chunk, numbered from 0, named once', async () => {
    const chunks = await chunksOf(
      await client.chat.completions.create({
        model: 'sonnet',
        messages: user(`both ${CALL_TWO}`),
        tools,
        stream: true,
        stream_options: { include_usage: true },
      }),
    )
    const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta))
    const pieces = deltas.flatMap(({ tool_calls: calls }) => calls ?? [])
    expect(deltas.filter(({ tool_calls: calls }) => calls !== undefined && calls.length !== 1)).toEqual([])
    expect(deltas.filter(({ role }) => role !== undefined)).toEqual([deltas[0]])
    expect(pieces.filter(({ id }) => id !== undefined)).toMatchObject([
      { index: 0, type: 'function', function: { name: 'get_weather' } },
      { index: 1, type: 'function', function: { name: 'get_weather' } },
    ])
    const joined = [0, 1].map((at) =>
      pieces
        .filter(({ index }) => index === at)
        .map((piece) => piece.function?.arguments ?? '')
        .join(''),
    )
    expect(joined).toEqual(['{"city":"Sofia"}', '{"city":"Varna"}'])
    expect(pieces.length).toBeGreaterThan(3)
    expect(chunks.at(-2)?.choices).toMatchObject([{ delta: {}, finish_reason: 'tool_calls' }])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } })
    expect(chunks.at(-1)?.usage?.completion_tokens).toBeGreaterThan(0)
  })

  test('[FN2] [R45] a call without arguments has an empty object of them, streamed or not', async () => {
    const body = { model: 'haiku', messages: user('now? [rehearse call=clock-now input={}]'), tools }
    const whole = await client.chat.completions.create(body)
    expect(called(whole.choices[0]?.message)).toEqual(['clock-now {}'])
    const helped = await client.chat.completions.stream(body).finalMessage()
    expect(called(helped)).toEqual(['clock-now {}'])
  })

  test('[FN10] [R36] [R46] what is said before a call comes before it', async () => {
    const messages = user(`say exactly: Един момент. 🙂\n${CALL_SOFIA}`)
    const whole = await client.chat.completions.create({ model: 'haiku', messages, tools })
    expect(whole.choices[0]?.message.content).toBe('Един момент. 🙂')
    expect(called(whole.choices[0]?.message)).toEqual(['get_weather {"city":"София"}'])
    const chunks = await chunksOf(
      await client.chat.completions.create({ model: 'haiku', messages, tools, stream: true }),
    )
    const kinds = chunks.flatMap(({ choices: [choice] }) => [
      choice?.delta.content == null ? '' : 'text',
      choice?.delta.tool_calls === undefined ? '' : 'call',
    ])
    expect(kinds.filter((kind) => kind !== '').join(' ')).toMatch(/^(text )+call( call)*$/)
  })

  test('[FN4] [FN5] [R19] [R22] what came of two calls reaches the model behind its calls, in any form', async () => {
    const asked = user(`both ${CALL_TWO}`)
    const { choices } = await client.chat.completions.create({ model: 'haiku', messages: asked, tools })
    const [sofia, varna] = functionCalls(choices[0]?.message)
    if (choices[0] === undefined || sofia === undefined || varna === undefined) throw new Error('two calls are due')
    const [inSofia, inVarna] = [
      { role: 'tool' as const, tool_call_id: sofia.id, content: '{"t":5}' },
      { role: 'tool' as const, tool_call_id: varna.id, content: [{ type: 'text' as const, text: 'нула' }] },
    ]
    const spaced = { ...sofia, function: { ...sofia.function, arguments: '{"city": "Sofia"}' } }
    const forms: Messages[] = [
      [...asked, choices[0].message, inSofia, inVarna],
      [...asked, choices[0].message, inVarna, inSofia],
      [
        ...asked,
        { role: 'assistant', tool_calls: [spaced] },
        inSofia,
        { role: 'assistant', tool_calls: [varna] },
        inVarna,
      ],
    ]
    const said = [
      `user: both ${CALL_TWO}`,
      'calls get_weather {"city":"Sofia"}',
      'calls get_weather {"city":"Varna"}',
      'brings {"t":5}',
      'brings нула',
    ]
    for (const messages of forms) {
      const next = await client.chat.completions.create({ model: 'haiku', messages, tools })
      expect(toldModel(stage).said).toEqual(said)
      expect(next.choices[0]).toMatchObject({
        finish_reason: 'stop',
        message: { content: expect.stringContaining('{"t":5} | нула') },
      })
    }
  })

  test('[FN4] [R20] a result that is written over is what the model is told', async () => {
    const asked = user(`x ${CALL_SOFIA}`)
    const { choices } = await client.chat.completions.create({ model: 'haiku', messages: asked, tools })
    const [call] = functionCalls(choices[0]?.message)
    if (choices[0] === undefined || call === undefined) throw new Error('a call is due')
    const history = (content: string): Messages => [
      ...asked,
      ...(choices[0] === undefined ? [] : [choices[0].message]),
      { role: 'tool', tool_call_id: call.id, content },
    ]
    for (const content of ['IN_PROGRESS', '{"t": 7}']) {
      const next = await client.chat.completions.create({ model: 'haiku', messages: history(content), tools })
      expect(toldModel(stage).said.at(-1)).toBe(`brings ${content}`)
      expect(next.choices[0]?.message.content).toContain(content)
    }
  })

  test('[FN7] another list of functions holds from the turn that brings it, also in one conversation', async () => {
    const asked = user(`x ${CALL_SOFIA}`)
    const { choices } = await client.chat.completions.create({ model: 'haiku', messages: asked, tools })
    const [call] = functionCalls(choices[0]?.message)
    if (choices[0] === undefined || call === undefined) throw new Error('a call is due')
    const messages: Messages = [
      ...asked,
      choices[0].message,
      { role: 'tool', tool_call_id: call.id, content: 'ok' },
      { role: 'assistant', content: 'Done.' },
      ...user('and now? [rehearse call=clock-now]'),
    ]
    const next = await client.chat.completions.create({ model: 'haiku', messages, tools: [clock] })
    expect(called(next.choices[0]?.message)).toEqual(['clock-now {}'])
    expect(toldModel(stage).functions.map(({ name }) => name)).toEqual(['clock-now'])
  })
})

describe('its stream helper', () => {
  test('[FN2] [R30] [R32] puts calls together and tells of each piece of their arguments', async () => {
    const stream = client.chat.completions.stream({ model: 'sonnet', messages: user(`both ${CALL_TWO}`), tools })
    const snapshots: string[] = []
    const done: unknown[] = []
    stream.on('tool_calls.function.arguments.delta', ({ name, index, arguments: json }) =>
      snapshots.push(`${index} ${name} ${json}`),
    )
    stream.on('tool_calls.function.arguments.done', (event) => done.push(event))
    const completion = await stream.finalChatCompletion()
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { role: 'assistant', content: null },
    })
    expect(called(completion.choices[0]?.message)).toEqual([
      'get_weather {"city":"Sofia"}',
      'get_weather {"city":"Varna"}',
    ])
    expect(snapshots.at(-1)).toBe('1 get_weather {"city":"Varna"}')
    expect(snapshots).toContain('0 get_weather {"city":"Sofia"}')
    expect(done).toMatchObject([
      { name: 'get_weather', index: 0, arguments: '{"city":"Sofia"}' },
      { name: 'get_weather', index: 1, arguments: '{"city":"Varna"}' },
    ])
    expect(await stream.finalFunctionToolCall()).toMatchObject({ name: 'get_weather' })
  })

  test('[FN1] [FN2] parses the arguments of functions that are described with zod', async () => {
    const book = zodFunction({
      name: 'book_table',
      description: 'Books a table.',
      parameters: z.object({
        guests: z.array(z.object({ name: z.string(), age: z.int().nullable() })),
        when: z.enum(['noon', 'evening']),
      }),
    })
    const body = {
      model: 'sonnet',
      messages: user('a table [rehearse call=book_table input={"guests":[{"name":"Я","age":null}],"when":"noon"}]'),
      tools: [book],
    }
    const expected = { guests: [{ name: 'Я', age: null }], when: 'noon' }
    const parsed = await client.chat.completions.parse(body)
    expect(parsed.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { parsed_arguments: expected } })
    expect(toldModel(stage).functions).toEqual([
      { name: 'book_table', description: 'Books a table.', schema: book.function.parameters },
    ])
    const streamed = await client.chat.completions.stream(body).finalChatCompletion()
    expect(streamed.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { parsed_arguments: expected } })
  })

  test('[CA1] [FN3] [R50] leaving in the middle of a call stops the turn, and the next one is served', async () => {
    const stream = client.chat.completions.stream({
      model: 'sonnet',
      messages: user(
        `x [rehearse slow=200 call=get_weather input={"city":"${'a very long name '.repeat(8)}","days":[1,2,3]}]`,
      ),
      tools,
    })
    stream.on('tool_calls.function.arguments.delta', () => stream.abort())
    await expect(stream.done()).rejects.toThrow(APIUserAbortError)
    await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')
    const next = await client.chat.completions.create({ model: 'sonnet', messages: user(`x ${CALL_SOFIA}`), tools })
    expect(called(next.choices[0]?.message)).toEqual(['get_weather {"city":"София"}'])
  })
})

describe('its runner of functions', () => {
  const ran: string[] = []
  const weatherOf = {
    type: 'function' as const,
    function: {
      name: 'get_weather',
      description: 'The weather.',
      parameters: WEATHER_SCHEMA,
      parse: (json: string) => z.object({ city: z.string() }).parse(JSON.parse(json)),
      function: ({ city }: { city: string }) => {
        ran.push(city)
        return { city, degrees: city.length }
      },
    },
  }
  const sum = {
    type: 'function' as const,
    function: {
      name: 'add',
      description: 'Adds.',
      parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
      parse: (json: string) => z.object({ a: z.number(), b: z.number() }).parse(JSON.parse(json)),
      function: ({ a, b }: { a: number; b: number }) => String(a + b),
    },
  }
  const PROMPT = `Compare. ${CALL_TWO} [rehearse then-call=add input={"a":5,"b":-2}]`
  const SAID = [
    `user: ${PROMPT}`,
    'calls get_weather {"city":"Sofia"}',
    'calls get_weather {"city":"Varna"}',
    'brings {"city":"Sofia","degrees":5}',
    'brings {"city":"Varna","degrees":5}',
    'calls add {"a":5,"b":-2}',
    'brings 3',
  ]

  test('[FN3] [FN4] [R47] goes through two calls at once, a third after them, and the answer', async () => {
    ran.length = 0
    const runner = client.chat.completions.runTools({
      model: 'sonnet',
      messages: user(PROMPT),
      tools: [weatherOf, sum],
    })
    expect(await runner.finalContent()).toBe('The tool answered: 3')
    expect(ran).toEqual(['Sofia', 'Varna'])
    expect(runner.messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'tool',
      'assistant',
      'tool',
      'assistant',
    ])
    expect(toldModel(stage).said).toEqual(SAID)
    expect((await runner.totalUsage()).completion_tokens).toBeGreaterThan(0)
  })

  test('[FN2] [FN4] [R47] does the same streamed', async () => {
    ran.length = 0
    const runner = client.chat.completions.runTools({
      model: 'sonnet',
      messages: user(PROMPT),
      tools: [weatherOf, sum],
      stream: true,
    })
    const text: string[] = []
    runner.on('content', (delta) => text.push(delta))
    expect(await runner.finalContent()).toBe('The tool answered: 3')
    expect(text.join('')).toBe('The tool answered: 3')
    expect(ran).toEqual(['Sofia', 'Varna'])
    expect(toldModel(stage).said).toEqual(SAID)
    expect(await runner.finalFunctionToolCallResult()).toBe('3')
  })

  test('[FN9] arguments that break the schema are passed on, and the complaint reaches the model', async () => {
    const runner = client.chat.completions.runTools({
      model: 'sonnet',
      messages: user('x [rehearse call=get_weather input={"town":1}]'),
      tools: [weatherOf],
    })
    expect(await runner.finalContent()).toContain('The tool answered: ')
    const [asked, call, complaint] = toldModel(stage).said
    expect([asked?.slice(0, 7), call]).toEqual(['user: x', 'calls get_weather {"town":1}'])
    expect(complaint).toMatch(/^brings .*city/s)
  })

  test('[FN6] stops after the one function that it was told to call', async () => {
    ran.length = 0
    const runner = client.chat.completions.runTools({
      model: 'sonnet',
      messages: user('x [rehearse call=get_weather input={"city":"Ruse"}]'),
      tools: [weatherOf, sum],
      tool_choice: { type: 'function', function: { name: 'get_weather' } },
    })
    await runner.done()
    expect(ran).toEqual(['Ruse'])
    expect(toldModel(stage).choice).toMatchObject({ type: 'tool', name: 'get_weather' })
  })
})

describe('the choice of functions', () => {
  const choose = async (content: string, more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) => {
    const completion = await client.chat.completions.create({
      model: 'haiku',
      messages: user(content),
      tools,
      ...more,
    })
    return { choice: completion.choices[0], told: toldModel(stage) }
  }

  test('[FN6] [R7] none: the model answers in words', async () => {
    const { choice, told } = await choose('say exactly: no call', { tool_choice: 'none' })
    expect(choice).toMatchObject({ finish_reason: 'stop', message: { content: 'no call' } })
    expect(told.functions.length === 0 || (told.choice as { type?: string } | undefined)?.type === 'none').toBe(true)
  })

  test('[FN6] auto: the model may call and may not', async () => {
    expect((await choose('say exactly: no call', { tool_choice: 'auto' })).choice?.message.content).toBe('no call')
    expect(called((await choose(CALL_SOFIA, { tool_choice: 'auto' })).choice?.message)).toEqual([
      'get_weather {"city":"София"}',
    ])
  })

  test('[FN6] required: the model calls something', async () => {
    const { choice, told } = await choose('anything', { tool_choice: 'required' })
    expect(choice?.finish_reason).toBe('tool_calls')
    expect(functionCalls(choice?.message)).toHaveLength(1)
    expect(told.choice).toMatchObject({ type: 'any' })
    expect(told.functions).toHaveLength(2)
  })

  test('[FN6] a named function: the model calls that one', async () => {
    const { choice, told } = await choose('anything', {
      tool_choice: { type: 'function', function: { name: 'clock-now' } },
    })
    expect(called(choice?.message)).toEqual(['clock-now {}'])
    expect(told.choice).toMatchObject({ type: 'tool', name: 'clock-now' })
  })

  test('[FN6] allowed functions: the model is offered no other', async () => {
    const allowed = (mode: 'auto' | 'required') => ({
      type: 'allowed_tools' as const,
      allowed_tools: { mode, tools: [{ type: 'function', function: { name: 'clock-now' } }] },
    })
    const forced = await choose('anything', { tool_choice: allowed('required') })
    expect(called(forced.choice?.message)).toEqual(['clock-now {}'])
    expect(forced.told.functions.map(({ name }) => name)).toEqual(['clock-now'])
    const free = await choose('say exactly: words', { tool_choice: allowed('auto') })
    expect(free.choice?.message.content).toBe('words')
    expect(free.told.functions.map(({ name }) => name)).toEqual(['clock-now'])
  })

  test('[FN6] [R6] without parallel calls the model makes one at a time', async () => {
    const asked = user(`both ${CALL_TWO}`)
    const body = { model: 'haiku', tools, parallel_tool_calls: false }
    const first = await client.chat.completions.create({ ...body, messages: asked })
    expect(called(first.choices[0]?.message)).toEqual(['get_weather {"city":"Sofia"}'])
    expect(toldModel(stage).choice).toMatchObject({ type: 'auto', disable_parallel_tool_use: true })
    const [call] = functionCalls(first.choices[0]?.message)
    if (first.choices[0] === undefined || call === undefined) throw new Error('a call is due')
    const second = await client.chat.completions
      .stream({
        ...body,
        messages: [...asked, first.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'x' }],
      })
      .finalMessage()
    expect(called(second)).toEqual(['get_weather {"city":"Varna"}'])
  })

  test('[CC10] [R7] no functions at all are as if not sent', async () => {
    const { choice, told } = await choose('say exactly: plain', { model: TALKER, tools: [] })
    expect(choice?.message.content).toBe('plain')
    expect(told.functions).toEqual([])
  })

  test('[CC10] what cannot be offered or chosen is refused, and the field named', async () => {
    const refused = async (more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) => {
      const before = stage.rehearsal.requests.length
      const error = await failing(choose('x', more))
      expect(error).toBeInstanceOf(BadRequestError)
      expect(stage.rehearsal.requests).toHaveLength(before)
      return (error as BadRequestError).param
    }
    expect(await refused({ tool_choice: { type: 'function', function: { name: 'other' } } })).toBe('tool_choice')
    expect(await refused({ tools: [weather, weather] })).toBe('tools[1].function.name')
    expect(await refused({ tools: [{ type: 'function', function: { name: 'a b' } }] })).toBe('tools[0].function.name')
    expect(
      await refused({ tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'array' } } }] }),
    ).toBe('tools[0].function.parameters.type')
    const format = { type: 'grammar', grammar: { syntax: 'regex', definition: 'a+' } } as const
    expect(await refused({ tools: [{ type: 'custom', custom: { name: 'a', format } }] })).toBe(
      'tools[0].custom.format.type',
    )
    expect(await refused({ tools: [], tool_choice: 'required' })).toBe('tool_choice')
    expect(await refused({ functions: [{ name: 'old' }] })).toMatch(/^functions/)
  })
})

describe('functions of any kind', () => {
  const offer = (parameters: Record<string, unknown>): Tools => [
    weather,
    { type: 'function', function: { name: 'probe', parameters } },
  ]
  const object = (properties: unknown, more: object = {}) => ({ type: 'object', properties, ...more })

  test('[FN1] [FN2] many, with much to say, are all offered', async () => {
    const many = Array.from({ length: 128 }, (_, nth): OpenAI.ChatCompletionFunctionTool => ({
      type: 'function',
      function: {
        name: `function_${nth}`,
        description: `${nth} ${'word '.repeat(300)}`,
        parameters: object({ a: { type: 'string', description: 'about '.repeat(100) } }),
      },
    }))
    const completion = await client.chat.completions.create({
      model: 'sonnet',
      messages: user('x [rehearse call=function_127 input={"a":"b"}]'),
      tools: many,
    })
    expect(called(completion.choices[0]?.message)).toEqual(['function_127 {"a":"b"}'])
    expect(toldModel(stage).functions.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual(
      many
        .map(({ function: { name, description, parameters } }) => ({ name, description, schema: parameters }))
        .toSorted((a, b) => a.name.localeCompare(b.name)),
    )
  })

  test.each(['Bash', 'answer', 'StructuredOutput', '__proto__', 'mcp__a__x', 'a__b', '-', '0', 'a'.repeat(64)])(
    '[FN1] [FN2] [FN4] one may be called %s',
    async (name) => {
      const own: Tools = [{ type: 'function', function: { name, parameters: object({ p: {} }) } }]
      const asked = user(`x [rehearse call=${name} input={"p":1}]`)
      const { choices } = await client.chat.completions.create({ model: 'sonnet', messages: asked, tools: own })
      expect(called(choices[0]?.message)).toEqual([`${name} {"p":1}`])
      const [call] = functionCalls(choices[0]?.message)
      const next = await client.chat.completions.create({
        model: 'sonnet',
        messages: [
          ...asked,
          { role: 'assistant', tool_calls: call === undefined ? [] : [call] },
          { role: 'tool', tool_call_id: call?.id ?? '', content: 'done' },
        ],
        tools: own,
      })
      expect(next.choices[0]?.message.content).toBe('The tool answered: done')
      expect(toldModel(stage).said.slice(1)).toEqual([`calls ${name} {"p":1}`, 'brings done'])
    },
  )

  test('[FN8] a long description is whole in the system prompt, and a long result is whole', async () => {
    const description = `${'дълго '.repeat(600)}край`
    const result = 'дълго 🙂 '.repeat(40_000)
    const id = `an id/${'x'.repeat(80)}`
    const completion = await client.chat.completions.create({
      model: 'sonnet',
      messages: [
        { role: 'system', content: 'Be brief.' },
        ...user('x'),
        { role: 'assistant', tool_calls: [{ id, type: 'function', function: { name: 'long', arguments: '' } }] },
        { role: 'tool', tool_call_id: id, content: result },
      ],
      tools: [{ type: 'function', function: { name: 'long', description } }],
    })
    expect(completion.choices[0]?.message.content).toContain('Инструментът отговори: дълго 🙂')
    const told = toldModel(stage)
    expect(told.said[1]).toBe('calls long {}')
    expect(told.said[2] === `brings ${result}`).toBe(true)
    expect(told.system).toContain(`Be brief.\n\n# Functions\n\n## long\n${description}`)
    expect(description.startsWith(String(told.functions[0]?.description).slice(0, 1500))).toBe(true)
  })

  test('[FN2] [ST9] [R41] no piece of the arguments cuts a character, however the bytes arrive', async () => {
    const input = { text: `🙂🙃 ЖЖ \n 👩‍👩‍👧 ${'🙂'.repeat(50)}` }
    const stream = client.chat.completions.stream({
      model: 'sonnet',
      messages: user(`x [rehearse bytes=1 call=probe input=${JSON.stringify(input)}]`),
      tools: offer(object({ text: { type: 'string' } })),
    })
    const pieces: string[] = []
    stream.on('tool_calls.function.arguments.delta', (event) => pieces.push(event.arguments_delta))
    expect(called(await stream.finalMessage())).toEqual([`probe ${JSON.stringify(input)}`])
    expect(pieces.length).toBeGreaterThan(3)
    expect(pieces.every((piece) => piece.isWellFormed())).toBe(true)
  })

  test('[ST13] [R37] what the model thinks before a call is not sent', async () => {
    const body = {
      model: 'sonnet',
      messages: user('x [rehearse thinking=1 call=clock-now]'),
      tools,
      reasoning_effort: 'high' as const,
    }
    const whole = await client.chat.completions.create(body)
    const streamed = await client.chat.completions.stream(body).finalChatCompletion()
    expect(called(whole.choices[0]?.message)).toEqual(['clock-now {}'])
    expect(called(streamed.choices[0]?.message)).toEqual(['clock-now {}'])
    expect(JSON.stringify([whole, streamed])).not.toContain('SECRET')
    expect(toldModel(stage).body).toMatchObject({ thinking: { type: 'adaptive' } })
  })

  test('[FN8] a choice of forms at the top, of which the CLI makes one, is in the system prompt', async () => {
    const parameters = object({ a: { type: 'string' }, b: {} }, { anyOf: [{ required: ['a'] }, { required: ['b'] }] })
    await client.chat.completions.create({ model: 'sonnet', messages: user('x'), tools: offer(parameters) })
    expect(toldModel(stage).functions.map(({ name }) => name)).toContain('probe')
    expect(toldModel(stage).system).toContain(`## probe\nIts parameters: ${JSON.stringify(parameters)}`)
  })

  test.each([
    ['definitions', object({ n: { $ref: '#/$defs/N' } }, { $defs: { N: object({ n: { $ref: '#/$defs/N' } }) } })],
    ['a reference to itself', object({ next: { $ref: '#' } })],
    ['types in a list', object({ a: { type: ['string', 'null'] } })],
    ['properties named like those of any object', object({ constructor: { type: 'number' }, toString: {} })],
    ['names in Cyrillic further down', object({ a: object({ град: { type: 'string' } }) })],
  ])('[FN1] [R49] a schema with %s is untouched', async (_, parameters) => {
    await client.chat.completions.create({ model: 'sonnet', messages: user('x'), tools: offer(parameters) })
    expect(toldModel(stage).functions.find(({ name }) => name === 'probe')?.schema).toEqual(parameters)
  })

  /** Schemas that are unusual, of an older dialect, or wrong. */
  const UNUSUAL: readonly (readonly [string, Record<string, unknown>])[] = [
    ['a name in Cyrillic', object({ град: { type: 'string' } })],
    ['a name with a blank', object({ 'first name': { type: 'string' } })],
    ['a name with a sign', object({ '@id': { type: 'string' } })],
    ['a name of 80 letters', object({ ['k'.repeat(80)]: { type: 'string' } })],
    ['a tuple of draft 7', object({ a: { type: 'array', items: [{ type: 'string' }] } })],
    ['an exclusive minimum of draft 4', object({ a: { type: 'number', minimum: 0, exclusiveMinimum: true } })],
    ['null for a description', object({ a: { type: 'string', description: null } })],
    ['null for `required`', object({ a: { type: 'string' } }, { required: null })],
    ['null for `properties`', object(null)],
    ['a property that is no schema', object({ a: 'string' })],
    ['an unknown type', object({ a: { type: 'any' } })],
    ['a name that is required twice', object({ a: {} }, { required: ['a', 'a'] })],
  ]

  test.each(UNUSUAL)(
    '[FN1] [CC10] one whose schema has %s is offered or refused, and not left out',
    async (_, parameters) => {
      const error = await failing(
        client.chat.completions.create({ model: 'sonnet', messages: user('x'), tools: offer(parameters) }),
      )
      if (error instanceof BadRequestError) {
        expect(error.param).toMatch(/^tools\[1\]\.function\.parameters/)
        return
      }
      expect(error).toBe('nothing failed')
      expect(toldModel(stage).functions.map(({ name }) => name)).toEqual(['get_weather', 'probe'])
    },
  )

  test.each(UNUSUAL)('[CC11] [CC18] an answer to a schema with %s is given or refused', async (_, schema) => {
    const error = await failing(
      client.chat.completions.create({
        model: TALKER,
        messages: user('x'),
        response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
      }),
    )
    if (error instanceof BadRequestError) expect(error.param).toMatch(/^response_format\.json_schema\.schema/)
    else expect(error).toBe('nothing failed')
  })
})

describe('structured answers', () => {
  const Order = z.object({
    customer: z.object({ name: z.string(), phone: z.string().nullable() }),
    items: z.array(z.object({ dish: z.string(), count: z.int().min(1), size: z.enum(['малка', 'голяма']) })).min(2),
    paid: z.boolean(),
    note: z.union([z.string(), z.null()]),
  })
  const response_format = zodResponseFormat(Order, 'order')
  /** The model API has no use for the name of the dialect. */
  const { $schema: _dialect, ...sent } = response_format.json_schema.schema ?? {}
  const order: z.infer<typeof Order> = {
    customer: { name: 'Ана "Я" 🙂', phone: null },
    items: [
      { dish: 'супа', count: 2, size: 'малка' },
      { dish: 'салата', count: 1, size: 'голяма' },
    ],
    paid: false,
    note: null,
  }
  const DICTATED = `an order [rehearse call=answer input=${JSON.stringify(order)}]`

  test('[CC11] [R6] are parsed as the schema has them', async () => {
    const completion = await client.chat.completions.parse({
      model: TALKER,
      messages: user(DICTATED),
      response_format,
    })
    expect(completion.choices[0]).toMatchObject({ finish_reason: 'stop', message: { parsed: order, refusal: null } })
    expect(toldModel(stage).functions.map(({ schema }) => schema)).toEqual([sent])
    const made = await client.chat.completions.parse({ model: TALKER, messages: user('make one'), response_format })
    expect(Order.parse(made.choices[0]?.message.parsed).items.map(({ size }) => size)).toEqual(['малка', 'голяма'])
  })

  test('[CC11] [ST6] are streamed as content while they are made, and parsed in part', async () => {
    const stream = client.chat.completions.stream({ model: 'sonnet', messages: user(DICTATED), response_format })
    const partial: unknown[] = []
    const done: unknown[] = []
    stream.on('content.delta', ({ parsed }) => partial.push(parsed))
    stream.on('content.done', ({ parsed }) => done.push(parsed))
    const completion = await stream.finalChatCompletion()
    expect(completion.choices[0]?.message.parsed).toEqual(order)
    expect(completion.choices[0]?.finish_reason).toBe('stop')
    expect(done).toEqual([order])
    expect(partial.length).toBeGreaterThan(3)
    expect(partial[1]).toMatchObject({ customer: expect.anything() })
    expect(partial[1]).not.toEqual(order)
  })

  test('[CC11] an answer that does not satisfy its schema is asked for once more, and is a failure then', async () => {
    const before = stage.rehearsal.requests.length
    const broken = { ...order, items: [] }
    const error = await failing(
      client.chat.completions.parse({
        model: TALKER,
        messages: user(`x [rehearse call=answer input=${JSON.stringify(broken)}]`),
        response_format,
      }),
    )
    expect(error).toBeInstanceOf(InternalServerError)
    expect(error).toMatchObject({ code: 'schema_unmet' })
    expect(stage.rehearsal.requests.length - before).toBe(2)
  })

  test('[CC8] [CC11] an answer that meets its limit is told as such', async () => {
    const body = { messages: user(DICTATED), response_format, max_completion_tokens: 3 }
    const whole = await failing(client.chat.completions.parse({ ...body, model: TALKER }))
    expect(whole).toBeInstanceOf(LengthFinishReasonError)
    const streamed = client.chat.completions.stream({ ...body, model: 'sonnet' })
    expect(await failing(streamed.finalChatCompletion())).toBeInstanceOf(LengthFinishReasonError)
  })

  test('[CC11] any JSON object, streamed or not', async () => {
    const body = {
      messages: user('json [rehearse call=answer input={"a":[1,{"б":null}]}]'),
      response_format: { type: 'json_object' as const },
    }
    const whole = await client.chat.completions.create({ ...body, model: TALKER })
    expect(JSON.parse(whole.choices[0]?.message.content ?? '')).toEqual({ a: [1, { б: null }] })
    const streamed = await client.chat.completions.stream({ ...body, model: 'haiku' }).finalContent()
    expect(JSON.parse(streamed ?? '')).toEqual({ a: [1, { б: null }] })
  })

  test('[FN11] beside functions the model answers to the schema or calls', async () => {
    const body = { model: 'sonnet', tools: [weather], response_format }
    const answered = await client.chat.completions.parse({ ...body, messages: user(DICTATED) })
    expect(answered.choices[0]?.message.parsed).toEqual(order)
    const calling = await client.chat.completions.parse({ ...body, messages: user(CALL_SOFIA) })
    expect(calling.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null, parsed: null } })
    expect(called(calling.choices[0]?.message)).toEqual(['get_weather {"city":"София"}'])
    const [call] = functionCalls(calling.choices[0]?.message)
    const messages: Messages = [
      ...user(`${CALL_SOFIA} [rehearse then-call=answer input=${JSON.stringify(order)}]`),
      { role: 'assistant', tool_calls: call === undefined ? [] : [call] },
      { role: 'tool', tool_call_id: call?.id ?? '', content: '{"t":5}' },
    ]
    const after = await client.chat.completions.stream({ ...body, messages }).finalChatCompletion()
    expect(after.choices[0]?.message.parsed).toEqual(order)
    expect(toldModel(stage).said.slice(1)).toEqual(['calls get_weather {"city":"София"}', 'brings {"t":5}'])
  })

  test('[FN11] where it must call there is no answer', async () => {
    const forced = await client.chat.completions.parse({
      model: 'sonnet',
      messages: user('anything'),
      tools: [weather],
      tool_choice: 'required',
      response_format: zodResponseFormat(z.object({ a: z.string() }), 'a'),
    })
    expect(forced.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
    expect(functionCalls(forced.choices[0]?.message).map((call) => call.function.name)).toEqual(['get_weather'])
  })

  test('[CC18] a schema that nothing can satisfy is refused', async () => {
    const error = await failing(
      client.chat.completions.create({
        model: TALKER,
        messages: user('x'),
        response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'array' } } },
      }),
    )
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ param: expect.stringMatching(/^response_format\.json_schema\.schema/) })
  })
})

describe('pictures and parameters', () => {
  const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

  test('[IM1] [CC5] [R15] a picture of a user reaches the model, also beside functions', async () => {
    const completion = await client.chat.completions.create({
      model: 'sonnet',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: `what is it? ${CALL_SOFIA}` },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}`, detail: 'low' } },
          ],
        },
      ],
      tools,
    })
    expect(called(completion.choices[0]?.message)).toHaveLength(1)
    const { body, said } = toldModel(stage)
    expect(said).toEqual([`user: what is it? ${CALL_SOFIA}`, 'user: <image>'])
    expect(JSON.stringify(body.messages)).toContain(
      JSON.stringify({ type: 'base64', media_type: 'image/png', data: PIXEL }).slice(1, -1),
    )
  })

  test('[CC8] [CC12] [CC19] [R4] limits, stop texts and temperature reach the model, and leave it again', async () => {
    const cut = await client.chat.completions.create({
      model: 'sonnet',
      messages: user('count to 9'),
      tools,
      max_tokens: 4,
      temperature: 0.2,
    })
    expect(cut.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: '1 2 3 4' } })
    expect(toldModel(stage).body).toMatchObject({ max_tokens: 4, temperature: 0.2 })
    const stopped = await client.chat.completions.create({
      model: 'sonnet',
      messages: user('count to 9'),
      tools,
      stop: [' 4', ' 7'],
    })
    expect(stopped.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '1 2 3' } })
    const { body } = toldModel(stage)
    expect(body.max_tokens).toBeGreaterThan(100)
    expect(body).not.toHaveProperty('temperature')
  })

  test('[FN9] [CC8] at a limit the arguments of a call end where they are', async () => {
    const body = {
      model: 'sonnet',
      messages: user(`x [rehearse call=get_weather input={"city":"${'long '.repeat(20)}"}]`),
      tools,
      max_tokens: 2,
    }
    const cut = await client.chat.completions.create(body)
    expect(cut.choices[0]?.finish_reason).toBe('length')
    const chunks = await chunksOf(await client.chat.completions.create({ ...body, stream: true }))
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('length')
    const next = await client.chat.completions.create({ model: 'sonnet', messages: user(CALL_SOFIA), tools })
    expect(called(next.choices[0]?.message)).toEqual(['get_weather {"city":"София"}'])
  })

  test('[ST8] [DO1] [R34] usage is what the model counted, cached tokens told apart', async () => {
    const messages = user(`x [rehearse usage=70,30 call=clock-now]`)
    const { usage } = await client.chat.completions.create({ model: 'sonnet', messages, tools })
    expect(usage).toMatchObject({
      prompt_tokens: 70,
      completion_tokens: 30,
      total_tokens: 100,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    })
    const history = user(`remember ${'this '.repeat(200)}`)
    const first = await client.chat.completions.create({ model: 'sonnet', messages: history, tools })
    const again = await client.chat.completions
      .stream({
        model: 'sonnet',
        messages: [
          ...history,
          { role: 'assistant', content: first.choices[0]?.message.content ?? '' },
          ...user('say exactly: one'),
        ],
        tools,
        stream_options: { include_usage: true },
      })
      .finalChatCompletion()
    expect(again.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(200)
    expect(again.usage?.prompt_tokens).toBeGreaterThan(again.usage?.prompt_tokens_details?.cached_tokens ?? Infinity)
  })
})

describe('failures beside functions', () => {
  const fail = (direction: string, more: object = {}) =>
    failing(
      client.chat.completions.create({
        model: 'haiku',
        messages: user(`x [rehearse ${direction} call=clock-now]`),
        tools,
        ...more,
      }),
    )

  test.each([false, true])('[ER5] [ER7] [R64] are told apart (streamed: %s)', async (stream) => {
    expect(await fail('status=429 retry-after=9', { stream })).toBeInstanceOf(RateLimitError)
    const overloaded = await fail('status=529', { stream })
    expect(overloaded).toBeInstanceOf(InternalServerError)
    expect(overloaded).toMatchObject({ status: 503, code: 'overloaded' })
    const refused = await fail('status=400 message="prompt is too long: 300000 tokens > 200000 maximum"', { stream })
    expect(refused).toBeInstanceOf(BadRequestError)
    expect(refused).toMatchObject({ code: 'context_length_exceeded' })
  })

  test('[ER3] [R63] one in the middle of a call is thrown, and no call comes of it', async () => {
    const stream = client.chat.completions.stream({
      model: 'haiku',
      messages: user(`x [rehearse drop=3 call=get_weather input={"city":"${'long '.repeat(20)}"}]`),
      tools,
    })
    const done: unknown[] = []
    stream.on('tool_calls.function.arguments.done', (event) => done.push(event))
    expect(await failing(stream.finalChatCompletion())).toBeInstanceOf(APIError)
    expect(done).toEqual([])
    expect(await fail(`drop=3 slow=5`, {})).toBeInstanceOf(APIError)
  })

  test('[ER5] one after the results came is told as any, and the same history is served again', async () => {
    const messages: Messages = [
      ...user('x [rehearse call=clock-now] [rehearse round=1 status=529 fail-times=2]'),
      {
        role: 'assistant',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'clock-now', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'noon' },
    ]
    expect(await failing(client.chat.completions.create({ model: 'haiku', messages, tools }))).toBeInstanceOf(
      InternalServerError,
    )
    const again = await client.chat.completions.create({ model: 'haiku', messages, tools })
    expect(again.choices[0]?.message.content).toBe('The tool answered: noon')
    expect(toldModel(stage).said.slice(1)).toEqual(['calls clock-now {}', 'brings noon'])
  })
})
