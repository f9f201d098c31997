import { expect, test } from 'vitest'
import { doer, openApp, OTHER, TENANT, told } from '../../test/support/open-app.ts'
import { readStream } from '../../test/support/stream.ts'
import { says } from '../../test/support/scripted-engine.ts'
import { takeSlot } from '../../test/support/take-slot.ts'
import { carriedReader } from '../../test/support/carried-reader.ts'
import { withPictures } from '../images/index.ts'
import { OutboundError } from '../outbound/index.ts'

test('[CC1] [R9] the chat agent serves a request that names no agent, streamed or not', async () => {
  const { chat, engine, talker } = openApp(() => says('a'))
  await (await chat({ stream: true })).text()
  await chat({ stream: false })
  await chat({ stream: null })
  await chat()
  await (await chat({ stream: true, model: 'recruiter-triage/opus' })).text()
  await chat({ model: 'recruiter-triage/haiku' })
  expect(engine.runs.map(({ request }) => [request.agent, request.model, request.limits.turnMs])).toEqual([
    [talker, 'sonnet', 120_000],
    [talker, 'sonnet', 120_000],
    [talker, 'sonnet', 120_000],
    [talker, 'sonnet', 120_000],
    [doer, 'opus', 900_000],
    [doer, 'haiku', 900_000],
  ])
})

test('[CC22] the agent that the operator names serves what is not streamed and names no agent', async () => {
  const { chat, engine, talker } = openApp(() => says('a'), { unstreamedAgent: doer })
  await (await chat({ stream: true })).text()
  await chat({ stream: false })
  await chat()
  await chat({ model: 'opus' })
  await chat({ model: 'conversational/haiku' })
  expect(engine.runs.map(({ request }) => [request.agent, request.model, request.limits.turnMs])).toEqual([
    [talker, 'sonnet', 120_000],
    [doer, 'sonnet', 900_000],
    [doer, 'sonnet', 900_000],
    [doer, 'opus', 900_000],
    [talker, 'haiku', 120_000],
  ])
})

test('[CC1] [CC24] the engine is asked exactly what was sent, streamed or not', async () => {
  const { chat, engine, talker } = openApp(() => says('{}'))
  const messages = [
    { role: 'developer', content: 'Бъди кратък.' },
    { role: 'user', content: [{ type: 'text', text: 'Здравей' }] },
  ]
  const schema = { type: 'object', properties: { ж: { $ref: '#/$defs/s' } }, $defs: { s: { type: 'string' } } }
  await chat({ messages, max_tokens: 50, stop: ['Край'], reasoning_effort: 'minimal', temperature: 0.2 })
  await chat({ messages, response_format: { type: 'json_schema', json_schema: { schema } } })
  await chat({ messages })
  for (const fields of [
    { max_tokens: 50, stop: ['Край'], reasoning_effort: 'minimal', temperature: 0.2 },
    { response_format: { type: 'json_schema', json_schema: { schema } } },
    {},
  ])
    await (await chat({ messages, stream: true, ...fields })).text()
  const least = {
    tenant: TENANT,
    agent: talker,
    model: 'sonnet',
    history: [
      { role: 'developer', text: 'Бъди кратък.' },
      { role: 'user', text: 'Здравей' },
    ],
    limits: { firstTokenMs: 60_000, tokenGapMs: 30_000, turnMs: 120_000 },
    budgetUsd: 2,
    watch: expect.any(Object),
  }
  const asked = [
    { ...least, maxOutputTokens: 50, reasoning: 'none', stopTexts: ['Край'], sampling: { temperature: 0.2 } },
    { ...least, outputSchema: schema },
    least,
  ]
  expect(engine.runs.map(({ request }) => request)).toStrictEqual([...asked, ...asked])
})

test.each([true, false])(
  '[CC2] [R9] [R57] [R62] a model that is not on offer is 404 before anything is run (stream: %j)',
  async (stream) => {
    const { chat, engine, admission } = openApp(() => says('a'), { capacity: 1, maxWaiting: 0 })
    await takeSlot(admission)
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

test('[CC3] [R9] [R31] a foreign name is answered by what it stands for', async () => {
  const { chat, engine } = openApp(() => says('a'))
  expect(await (await chat({ model: 'gpt-4.1' })).json()).toMatchObject({ model: 'sonnet' })
  const { chunks } = await readStream(await chat({ model: 'gpt-4o-mini', stream: true }))
  expect(chunks.map(({ model }) => model)).toEqual(['sonnet', 'sonnet'])
  expect(engine.runs.map(({ request }) => request.model)).toEqual(['sonnet', 'sonnet'])
})

test('[CC4] [R57] a body that is refused names the field and runs nothing', async () => {
  const { chat, engine, observer } = openApp(() => says('a'))
  const parts = [
    { type: 'text', text: 'a' },
    { type: 'input_audio', input_audio: { data: '', format: 'wav' } },
  ]
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
        message: '`messages[1].content[1]`: audio cannot be taken; send what was said as text.',
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
  '[CC7] [R3] parameters that are ignored are named in a header and in the log (stream: %j)',
  async (stream) => {
    const { chat, observer } = openApp(() => says('a'))
    const reply = await chat({ stream, temperature: 1.5, seed: 1, frequency_penalty: 0 })
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

test('[CC14] [R1] unknown headers and query strings are let through', async () => {
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

test.each([true, false])(
  '[CC19] [R3] temperature and top_p reach a talker’s model, of the two only temperature (stream: %j)',
  async (stream) => {
    const { chat, engine } = openApp(() => says('a'))
    const ask = async (fields: object): Promise<readonly unknown[]> => {
      const reply = await chat({ stream, model: 'conversational/haiku', ...fields })
      await reply.text()
      return [reply.status, engine.runs.at(-1)?.request.sampling, reply.headers.get('x-vivavoce-ignored')]
    }
    expect(await ask({ temperature: 0 })).toEqual([200, { temperature: 0 }, null])
    expect(await ask({ top_p: 0.9 })).toEqual([200, { topP: 0.9 }, null])
    expect(await ask({ temperature: 0.5, top_p: 0.9 })).toEqual([200, { temperature: 0.5 }, 'top_p'])
    expect(await ask({ temperature: 0.5, reasoning_effort: 'high' })).toEqual([200, undefined, 'temperature'])
    expect(await ask({ temperature: 0.5, reasoning_effort: 'none' })).toEqual([200, { temperature: 0.5 }, null])
  },
)

test.each([true, false])(
  '[CC19] [R3] a doer thinks: its temperature is ignored and named, unless it is told not to think (stream: %j)',
  async (stream) => {
    const { chat, engine, observer } = openApp(() => says('a'))
    const ask = async (fields: object): Promise<readonly unknown[]> => {
      const reply = await chat({ stream, model: 'recruiter-triage/opus', ...fields })
      await reply.text()
      return [reply.status, engine.runs.at(-1)?.request.sampling, reply.headers.get('x-vivavoce-ignored')]
    }
    expect(await ask({ temperature: 0.5 })).toEqual([200, undefined, 'temperature'])
    expect(await ask({ top_p: 0.5 })).toEqual([200, undefined, 'top_p'])
    expect(await ask({ temperature: 0.5, seed: 1 })).toEqual([200, undefined, 'seed, temperature'])
    expect(await ask({ temperature: 0.5, reasoning_effort: 'none' })).toEqual([200, { temperature: 0.5 }, null])
    expect(await ask({ temperature: 1 })).toEqual([200, undefined, null])
    expect(observer.of('parameters-ignored').map(({ names }) => names)).toEqual([
      ['temperature'],
      ['top_p'],
      ['seed', 'temperature'],
    ])
  },
)

test.each([true, false])(
  '[CC11] a stop text beside a response format is named as ignored (stream: %j)',
  async (stream) => {
    const { chat } = openApp(() => says('{}'))
    const reply = await chat({ stream, stop: '}', response_format: { type: 'json_object' } })
    await reply.text()
    expect([reply.status, reply.headers.get('x-vivavoce-ignored')]).toEqual([200, 'stop'])
  },
)

test('[CC18] a response format that nothing can satisfy is 400 that names the part, and runs nothing', async () => {
  const { chat, engine } = openApp(() => says('{}'))
  const schema = { type: 'object', properties: { a: { type: 'text' } } }
  const reply = await chat({
    stream: true,
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
  })
  expect([reply.status, reply.headers.get('x-should-retry'), await reply.json()]).toMatchObject([
    400,
    'false',
    { error: { code: 'invalid_request', param: 'response_format.json_schema.schema.properties.a.type' } },
  ])
  expect(engine.runs).toEqual([])
})

test('[CC15] [R8] what names the conversation is a hint for the engine, the header before the metadata', async () => {
  const { chat, engine } = openApp(() => says('a'))
  const metadata = { conversation: 'of metadata' }
  await chat({ metadata }, { headers: { 'x-conversation-id': 'of header' } })
  await (await chat({ stream: true, metadata })).text()
  await chat({}, { headers: { 'x-conversation-id': '' } })
  expect(engine.runs.map(({ request }) => request.conversation)).toEqual(['of header', 'of metadata', undefined])
  expect(engine.runs.at(-1)?.request).not.toHaveProperty('conversation')
})

test('[IM1] [R15] a picture goes to the engine with its address and its place', async () => {
  const { chat, engine } = openApp(() => says('a'))
  const content = [
    { type: 'text', text: 'Какво е това?' },
    { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
  ]
  expect((await chat({ messages: [{ role: 'user', content }] })).status).toBe(200)
  expect(engine.runs[0]?.request.history).toEqual([
    {
      role: 'user',
      text: 'Какво е това?',
      parts: [
        { type: 'text', text: 'Какво е това?' },
        { type: 'linked-picture', url: 'https://example.com/a.png', place: 'messages[0].content[1].image_url.url' },
      ],
    },
  ])
})

test.each([true, false])(
  '[IM2] [R60] a picture that cannot be had is told by its place (stream: %j)',
  async (stream) => {
    const refused = { 'https://a/': false, 'https://b/': true } as Readonly<Record<string, boolean>>
    const { chat, engine } = openApp(() => says('a'), {
      wrap: (inner) =>
        withPictures(
          inner,
          {
            fetch: (url) => Promise.reject(new OutboundError('it is not there', { retryable: refused[url] ?? false })),
          },
          carriedReader,
        ),
    })
    const ask = async (url: string): Promise<readonly unknown[]> =>
      await told(
        await chat({ stream, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] }),
      )
    const param = 'messages[0].content[0].image_url.url'
    const message = `\`${param}\`: the picture could not be fetched: it is not there.`
    expect(await ask('https://a/')).toEqual([
      400,
      [null, null, 'false'],
      { error: { message, type: 'invalid_request_error', param, code: 'invalid_request' } },
    ])
    expect(await ask('https://b/')).toEqual([
      503,
      [null, null, null],
      { error: { message, type: 'server_error', param, code: 'picture_unavailable' } },
    ])
    expect(engine.runs).toEqual([])
  },
)
