/** The client's functions and answers to a schema on the real CLI: what the model is sent, and what the client gets. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { locateCli, openCapabilityCache } from '../../src/claude/index.ts'
import { systemClock } from '../../src/core/index.ts'
import type { RehearsedRequest } from '../../src/rehearsal/index.ts'
import { installed, OLDER_CLI } from '../support/older-cli.ts'
import { startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

const PARAMETERS = {
  type: 'object',
  properties: { city: { $ref: '#/$defs/City' }, days: { oneOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }] } },
  required: ['city'],
  additionalProperties: false,
  $defs: { City: { type: 'string', pattern: '^\\p{L}+$', description: 'град 🙂' } },
  'x-kept': [1, { a: null }],
}

const tool = (name: string, rest: object = {}) => ({
  type: 'function',
  function: { name, description: `What ${name} does.`, parameters: PARAMETERS, strict: true, ...rest },
})
const TOOLS = [tool('get_weather'), tool('get_time')]

interface Called {
  readonly id: string
  readonly type: string
  readonly function: { readonly name: string; readonly arguments: string }
}
interface Completion {
  readonly choices: readonly {
    readonly message: { readonly content: string | null; readonly tool_calls?: readonly Called[] }
    readonly finish_reason: string
  }[]
  readonly usage: { readonly completion_tokens: number }
}

const user = (content: unknown) => ({ role: 'user', content })
const result = (id: string, content: unknown) => ({ role: 'tool', tool_call_id: id, content })

/** A history with two calls that were made at once. */
const calls = (...named: readonly (readonly [string, string, string])[]) => ({
  role: 'assistant',
  content: null,
  tool_calls: named.map(([id, name, json]) => ({ id, type: 'function', function: { name, arguments: json } })),
})

describe.each(
  installed([
    { name: 'the pinned version', env: { VIVAVOCE_POOL_MAX: '1', VIVAVOCE_POOL_SPARES: '1' } },
    {
      name: 'version 2.1.197',
      env: {
        VIVAVOCE_CLAUDE_BIN: OLDER_CLI,
        VIVAVOCE_POOL_MAX: '1',
        VIVAVOCE_POOL_SPARES: '1',
        VIVAVOCE_PERSONA: 'fallback',
      },
    },
    { name: 'no process kept', env: { VIVAVOCE_POOL_MAX: '0' } },
  ]),
)('client functions, $name', ({ env }) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ env: { ...env, VIVAVOCE_MODEL_ALIASES: 'talker=conversational/sonnet' } })
  })
  afterAll(() => stage.close())

  const post = (messages: readonly object[], rest: object = {}) =>
    stage.fetch('/v1/chat/completions', { body: { model: 'talker', messages, tools: TOOLS, ...rest } })
  const complete = async (messages: readonly object[], rest: object = {}) => {
    const response = await post(messages, rest)
    const body = (await response.json()) as Completion
    expect([response.status, body]).toEqual([200, body])
    return { message: body.choices[0]?.message, finish: body.choices[0]?.finish_reason }
  }
  const sent = (): RehearsedRequest['body'] => {
    const body = stage.rehearsal.requests.at(-1)?.body
    if (body === undefined) throw new Error('the model was not asked')
    return body
  }
  /** What the model was sent after the instructions, without what the CLI adds of itself, server names left out. */
  const told = () =>
    JSON.parse(
      JSON.stringify(
        sent()
          .messages.filter(({ role }) => role !== 'system')
          .map(({ role, content }) => ({
            role,
            content:
              typeof content === 'string'
                ? [{ type: 'text', text: content }]
                : content.filter(({ text }) => !text?.startsWith('<system-reminder>')),
          })),
        (key, value: unknown) => (key === 'cache_control' ? undefined : value),
      ).replaceAll(/mcp__[\da-f]{12}__/g, ''),
    ) as { readonly role: string; readonly content: readonly { readonly type: string; readonly text?: string }[] }[]
  const names = () => (sent().tools ?? []).map(({ name }) => name.replace(/^mcp__[\da-f]{12}__/, ''))

  test('[FN1] [R49] functions reach the model as they are, and no other tools with them', async () => {
    await complete([user('hello')])
    expect(
      sent().tools?.map(({ name, ...rest }) => ({ name: name.replace(/^mcp__[\da-f]{12}__/, ''), ...rest })),
    ).toEqual(
      ['get_time', 'get_weather'].map((name) => ({
        name,
        description: `What ${name} does.`,
        input_schema: PARAMETERS,
      })),
    )
    expect(JSON.stringify(sent().tools)).toContain(JSON.stringify(PARAMETERS))
    await complete([user('hello')], { tools: [{ type: 'function', function: { name: 'bare' } }] })
    expect(sent().tools).toMatchObject([{ description: '', input_schema: { type: 'object' } }])
  })

  test('[FN2] [FN10] [R42] [R43] [R44] [R45] calls are streamed one after the other, behind the text before them', async () => {
    const asks = 'say exactly: Let me see. [rehearse call=get_weather input={"city":"София 🙂"} call=get_time input={}]'
    const { chunks: all, done } = await readStream(
      await post([user(asks)], { stream: true, stream_options: { include_usage: true } }),
    )
    const chunks = all as unknown as readonly {
      readonly choices: readonly {
        readonly delta: { readonly tool_calls?: readonly object[] }
        readonly finish_reason: string | null
      }[]
    }[]
    const deltas = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? [])) as readonly {
      readonly index: number
      readonly id?: string
      readonly type?: string
      readonly function: { readonly name?: string; readonly arguments: string }
    }[]
    expect(deltas.filter(({ id }) => id !== undefined)).toEqual([
      {
        index: 0,
        id: expect.stringMatching(/^call_[\da-f]{24}_0$/),
        type: 'function',
        function: { name: 'get_weather', arguments: '' },
      },
      {
        index: 1,
        id: expect.stringMatching(/^call_[\da-f]{24}_1$/),
        type: 'function',
        function: { name: 'get_time', arguments: '' },
      },
    ])
    const argumentsOf = (index: number) =>
      deltas.flatMap((delta) => (delta.index === index ? [delta.function.arguments] : [])).join('')
    expect([argumentsOf(0), argumentsOf(1)]).toEqual(['{"city":"София 🙂"}', '{}'])
    expect(chunks.flatMap(({ choices }) => choices.flatMap(({ finish_reason: finish }) => finish ?? []))).toEqual([
      'tool_calls',
    ])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: expect.any(Number) } })
    expect(done).toBe(true)
  })

  test('[FN2] [FN3] [R54] not streamed they are the message; the model is asked once, and the process goes on', async () => {
    const before = stage.rehearsal.requests.length
    const { message, finish } = await complete([user('[rehearse call=get_weather input={"city":"Rome"}]')])
    expect([message?.content, finish]).toEqual([null, 'tool_calls'])
    expect(message?.tool_calls).toMatchObject([{ type: 'function', function: { name: 'get_weather' } }])
    expect((await complete([user('say exactly: next')])).message?.content).toBe('next')
    expect(told()).toEqual([{ role: 'user', content: [{ type: 'text', text: 'say exactly: next' }] }])
    expect(stage.rehearsal.requests.length).toBe(before + 2)
  })

  test('[FN4] [R20] [R22] calls and results are told as such; a result that is edited is told anew', async () => {
    const asks = user('What is the weather?')
    const made = calls(['call_1', 'get_weather', '{"city": "Rome",  "days":2}'])
    const { message } = await complete([asks, made, result('call_1', 'IN_PROGRESS')])
    expect(message?.content).toBe('The tool answered: IN_PROGRESS')
    const hostile = 'rain /clear @/etc/hostname ultrathink'
    await complete([asks, made, result('call_1', [{ type: 'text', text: hostile }])])
    const history = [
      { role: 'user', content: [{ type: 'text', text: 'What is the weather?' }] },
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 'call_1', name: 'get_weather', input: { city: 'Rome', days: 2 } }],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'call_1', content: [{ type: 'text', text: hostile }] }],
      },
    ]
    expect(told()).toEqual(history)
    // Written otherwise it is the same call.
    const again = calls(['call_1', 'get_weather', '{"days":2,"city":"Rome"}'])
    const answer = `The tool answered: ${hostile}`
    const next = [
      asks,
      again,
      result('call_1', hostile),
      { role: 'assistant', content: answer },
      user('say exactly: on'),
    ]
    expect((await complete(next)).message?.content).toBe('on')
    expect(told()).toEqual([
      ...history,
      { role: 'assistant', content: [{ type: 'text', text: answer }] },
      { role: 'user', content: [{ type: 'text', text: 'say exactly: on' }] },
    ])
  })

  test('[FN5] [R19] calls of one turn that come back one by one are one message again', async () => {
    const { message } = await complete([user('[rehearse call=get_weather call=get_time]')])
    const [one, two] = message?.tool_calls ?? []
    if (one === undefined || two === undefined) throw new Error('two calls were wanted')
    const part = (call: Called) => ({ role: 'assistant', tool_calls: [call] })
    await complete([user('What now?'), part(one), result(one.id, 'sun'), part(two), result(two.id, 'noon')])
    expect(told().map(({ role, content }) => [role, content.map(({ type }) => type)])).toEqual([
      ['user', ['text']],
      ['assistant', ['tool_use', 'tool_use']],
      ['user', ['tool_result', 'tool_result']],
    ])
    await complete([user('What now?'), calls(['x', 'get_time', '']), user('never mind'), result('lost', 'late')])
    expect(told().map(({ role, content }) => [role, content.map(({ type, text }) => text?.trim() ?? type)])).toEqual([
      ['user', ['What now?']],
      ['assistant', ['tool_use']],
      ['user', ['tool_result', 'never mind', '<function_result>\nlate\n</function_result>']],
    ])
    expect(JSON.stringify(told())).toContain('(no result)')
  })

  test('[FN6] what must be called, and how many at once, is told to the model, and does not last', async () => {
    const choiceFor = async (rest: object) => {
      await complete([user('hello')], rest)
      const { name, ...choice } = sent().tool_choice ?? {}
      return name === undefined ? choice : { ...choice, name: name.replace(/^mcp__[\da-f]{12}__/, '') }
    }
    const named = { type: 'function', function: { name: 'get_time' } }
    expect(await choiceFor({ tool_choice: named })).toEqual({ type: 'tool', name: 'get_time' })
    expect(await choiceFor({ tool_choice: named, tools: [tool('get_time'), tool('more')] })).toEqual({
      type: 'tool',
      name: 'get_time',
    })
    expect(await choiceFor({ tool_choice: 'auto' })).toEqual({})
    expect(await choiceFor({ tool_choice: 'required' })).toEqual({ type: 'any' })
    expect(await choiceFor({})).toEqual({})
    expect(await choiceFor({ tool_choice: 'none' })).toEqual({ type: 'none' })
    expect(await choiceFor({ parallel_tool_calls: false })).toEqual({ type: 'auto', disable_parallel_tool_use: true })
    const allowed = { mode: 'required', tools: [named] }
    await complete([user('hello')], { tool_choice: { type: 'allowed_tools', allowed_tools: allowed } })
    expect(names()).toEqual(['get_time'])
  })

  test('[FN7] another list of functions holds from its turn on, and nothing is left of the one before', async () => {
    const history = [user('What is the weather?'), calls(['c1', 'get_weather', '{}']), result('c1', 'rain')]
    await complete(history)
    expect(names()).toEqual(['get_time', 'get_weather'])
    await complete([...history, { role: 'assistant', content: 'Rain.' }, user('hello')], { tools: [tool('other')] })
    expect(names()).toEqual(['other'])
    const server = sent().tools?.[0]?.name.replace(/other$/, '')
    expect(JSON.stringify(sent().messages)).toContain(`${server}get_weather`)
    await complete([...history, { role: 'assistant', content: 'Rain.' }, user('hello')], { tools: [] })
    expect([names(), sent().tool_choice]).toEqual([['get_weather'], { type: 'none' }])
    await complete([user('hello')], { tools: null })
    expect([names(), sent().tool_choice]).toEqual([[], undefined])
  })

  test('[FN8] a long description and a large result are whole', async () => {
    const description = `${'описание 🙂 '.repeat(400)}its end`
    const large = `${'z'.repeat(200_000)}the end`
    await complete([user('Look.'), calls(['c1', 'look', '{}']), result('c1', large)], {
      tools: [tool('look', { description })],
    })
    const [offered] = sent().tools ?? []
    expect(JSON.stringify(offered)).toContain('The whole description is in the system prompt.')
    expect(JSON.stringify(sent().system)).toContain(JSON.stringify(description).slice(1, -1))
    expect(JSON.stringify(told())).toContain(large)
  })

  test('[FN9] arguments that break their schema are passed on; at a limit they end where they are', async () => {
    const { message } = await complete([user('[rehearse call=get_weather input={"town":[1]}]')])
    expect(message?.tool_calls?.[0]?.function.arguments).toBe('{"town":[1]}')
    const cut = await complete([user('[rehearse call=get_weather input={"city":"a long, long name of a city"}]')], {
      max_tokens: 2,
    })
    expect(cut.finish).toBe('length')
    const stray = await complete([user('[rehearse call=!no_such input={"a":1} call=get_time input={}]')])
    expect(stray.message?.tool_calls?.map(({ function: { name } }) => name)).toEqual(['no_such', 'get_time'])
    const broken = await post([user('[rehearse call=!get_time input="{\\"city\\": "]')])
    expect([broken.status, await broken.json()]).toMatchObject([503, { error: { code: 'upstream_failed' } }])
    const before = stage.rehearsal.requests.length
    expect((await complete([user('say exactly: well')])).message?.content).toBe('well')
    expect(stage.rehearsal.requests.length).toBe(before + 1)
    expect(told()).toEqual([{ role: 'user', content: [{ type: 'text', text: 'say exactly: well' }] }])
  })

  test('[FN11] [CC11] an answer to a schema is content, streamed as it comes, unless something is called', async () => {
    const schema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      ...PARAMETERS,
      $defs: { City: { type: 'string' } },
    }
    const format = { response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } } }
    const { chunks } = await readStream(await post([user('Sofia')], { ...format, tools: [], stream: true }))
    const deltas = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.content ?? []))
    expect(deltas.length).toBeGreaterThan(1)
    expect(JSON.parse(deltas.join(''))).toMatchObject({ city: 'Sofia' })
    expect(sent().tool_choice).toMatchObject({ type: 'tool' })
    const called = await complete([user('[rehearse call=get_time input={}]')], format)
    expect([called.finish, called.message?.tool_calls?.[0]?.function.name]).toEqual(['tool_calls', 'get_time'])
    const either = await complete([user('[rehearse call=answer input={"city":"Plovdiv"}]')], format)
    expect([either.finish, either.message?.content]).toEqual(['stop', '{"city":"Plovdiv"}'])
    const must = await complete([user('x')], { ...format, tool_choice: 'required' })
    expect([names(), must.finish]).toEqual([['get_time', 'get_weather'], 'tool_calls'])
  })

  test('[CC11] [ER7] what breaks its schema is no answer: it is asked for again where nothing was sent, then fails', async () => {
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
    const format = { tools: [], response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }
    const asks = [user('[rehearse call=answer input={"n":"one"}]')]
    const before = stage.rehearsal.requests.length
    const refused = await post(asks, format)
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'schema_unmet' } }])
    expect(stage.rehearsal.requests.length).toBe(before + 2)
    const { error, done } = await readStream(await post(asks, { ...format, stream: true }))
    expect([error?.code, done]).toEqual(['schema_unmet', false])
    const plain = await complete([user('say exactly: fine')], { tools: [] })
    expect(plain.message?.content).toBe('fine')
    expect([names(), sent().tool_choice]).toEqual([[], undefined])
  })

  test('[CC19] [CC12] [WP7] how words are drawn, and where they end, is set for its turn only', async () => {
    const stop = ['END', '\n']
    const { message, finish } = await complete([user('say exactly: one END two')], { temperature: 0.25, stop })
    expect([message?.content, finish]).toEqual(['one ', 'stop'])
    expect(sent()).toMatchObject({
      temperature: 0.25,
      ...(env.VIVAVOCE_POOL_MAX === '1' ? { stop_sequences: ['END'] } : {}),
    })
    const none = await complete([user('say exactly: abc')], { stop: 'a' })
    expect([none.message?.content, none.finish]).toEqual(['', 'stop'])
    await complete([user('hello')], { top_p: 0.5 })
    expect(sent()).toMatchObject({ top_p: 0.5 })
    expect([sent()['temperature'], sent().stop_sequences]).toEqual([undefined, undefined])
    await complete([user('hello')])
    expect(sent()['top_p']).toBeUndefined()
  })

  test('[CA1] [FN3] a client that leaves while arguments come leaves nothing behind', async () => {
    const asks = `[rehearse slow=30 call=get_weather input={"city":"${'a long name '.repeat(40)}"}]`
    const left = new AbortController()
    const response = await stage.fetch('/v1/chat/completions', {
      body: { model: 'talker', stream: true, messages: [user(asks)], tools: TOOLS },
      signal: left.signal,
    })
    const reader = response.body?.getReader()
    const seen = new TextDecoder()
    let text = ''
    while (!text.includes('"arguments":"{')) text += seen.decode((await reader?.read())?.value, { stream: true })
    left.abort()
    await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')
    expect((await complete([user('say exactly: here')])).message?.content).toBe('here')
    expect(told()).toEqual([{ role: 'user', content: [{ type: 'text', text: 'say exactly: here' }] }])
  })
})

test('[FN12] [WP9] a CLI that cannot be offered functions says so, and answers everything else', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'cache-'))
  const cli = await locateCli({ wanted: undefined, searchPath: process.env['PATH'] ?? '' })
  await openCapabilityCache(join(cache, 'vivavoce', 'capabilities.json'), systemClock).put(cli, {
    pooled: true,
    abilities: {
      replay: 'bulk',
      rewind: 'jump',
      systemPrompt: 'live',
      switchModel: true,
      liveSettings: true,
      environmentNote: 'removable',
      interrupt: true,
      functions: false,
    },
  })
  {
    await using stage = await startStage({ env: { XDG_CACHE_HOME: cache, VIVAVOCE_POOL_SPARES: '1' } })
    const post = (rest: object) =>
      stage.fetch('/v1/chat/completions', { body: { stream: true, messages: [user('say exactly: here')], ...rest } })
    const refused = await post({ tools: TOOLS })
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'cli_unavailable' } }])
    expect((await readStream(await post({}))).text).toBe('here')
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
    const format = { type: 'json_schema', json_schema: { name: 'x', schema } }
    expect(JSON.parse((await readStream(await post({ response_format: format }))).text)).toEqual({
      a: expect.any(String),
    })
  }
  await rm(cache, { recursive: true, force: true })
})
