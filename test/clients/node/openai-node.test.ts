import OpenAI, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KEY, startStage, until, type Stage } from '../../support/stage.ts'

let stage: Stage
let client: OpenAI
beforeAll(async () => {
  stage = await startStage()
  client = new OpenAI({ baseURL: `${stage.gateway.url}/v1`, apiKey: KEY })
})
afterAll(() => stage.close())

const user = (content: string): OpenAI.ChatCompletionMessageParam[] => [{ role: 'user', content }]
const asked = (): number => stage.observations.filter(({ type }) => type === 'request-finished').length

describe('the client of OpenAI for Node, as it comes', () => {
  test('[ST1] [ST4] [ST8] streams, with usage', async () => {
    const stream = await client.chat.completions.create({
      model: 'gpt-4.1',
      messages: user('кажи точно: Здравей 🙂'),
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
    })
    let text = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe('Здравей 🙂')
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0))
    expect(usage?.completion_tokens).toBeGreaterThan(0)
  })

  test('[ST4] [ST7] its stream helper puts the message together', async () => {
    const stream = client.chat.completions.stream({ model: 'haiku', messages: user('count to 5') })
    const deltas: string[] = []
    stream.on('content', (delta) => deltas.push(delta))
    const completion = await stream.finalChatCompletion()
    expect(completion.choices[0]).toMatchObject({
      message: { role: 'assistant', content: '1 2 3 4 5' },
      finish_reason: 'stop',
    })
    expect(deltas).toHaveLength(5)
    expect(completion.model).toBe('haiku')
  })

  test('[DO1] answers without streaming', async () => {
    const completion = await client.chat.completions.create({ model: 'opus', messages: user('hello') })
    expect(completion.choices[0]?.message).toMatchObject({
      role: 'assistant',
      content: 'This is a rehearsal. You said: hello',
    })
    expect(completion.usage?.prompt_tokens).toBeGreaterThan(0)
  })

  test('[MD1] lists models and has one of them', async () => {
    const ids: string[] = []
    for await (const { id } of client.models.list()) ids.push(id)
    expect(ids.slice(0, 4)).toEqual(['haiku', 'sonnet', 'opus', 'conversational/haiku'])
    expect((await client.models.retrieve('recruiter-triage/opus')).id).toBe('recruiter-triage/opus')
    await expect(client.models.retrieve('nope')).rejects.toThrow(NotFoundError)
  })

  test('[CC2] [AU1] [CC4] its errors are told apart', async () => {
    const missing = await client.chat.completions
      .create({ model: 'nope', messages: user('x') })
      .catch((error: unknown) => error)
    expect(missing).toBeInstanceOf(NotFoundError)
    expect(missing).toMatchObject({
      code: 'model_not_found',
      param: 'model',
      type: 'invalid_request_error',
      message: expect.stringContaining('The model `nope` does not exist'),
    })
    expect(missing instanceof APIError && missing.requestID).toMatch(/^req_/)
    const stranger = new OpenAI({ baseURL: `${stage.gateway.url}/v1`, apiKey: 'wrong' })
    await expect(stranger.chat.completions.create({ model: 'haiku', messages: user('x') })).rejects.toThrow(
      AuthenticationError,
    )
    await expect(client.chat.completions.create({ model: 'haiku', messages: [] })).rejects.toThrow(/messages/)
  })

  test('[ER4] [ER5] it does not try again where that cannot help, and does where it can', async () => {
    const before = asked()
    await expect(
      client.chat.completions.create({ model: 'conversational/haiku', messages: user('x [rehearse status=401]') }),
    ).rejects.toThrow(InternalServerError)
    expect(asked() - before).toBe(1)
    const limited = await client.chat.completions
      .create(
        { model: 'conversational/haiku', messages: user('x [rehearse status=429 retry-after=9]') },
        { maxRetries: 0 },
      )
      .catch((error: unknown) => error)
    expect(limited).toBeInstanceOf(RateLimitError)
    const mended = await client.chat.completions.create({
      model: 'conversational/haiku',
      messages: user('x [rehearse status=529 fail-times=2]'),
    })
    expect(mended.choices[0]?.message.content).toContain('You said: x')
  })

  test('[ER30] [R62] [R69] it does not send a streamed turn again by itself', async () => {
    for (const mishap of ['status=529', 'status=500', 'status=429 retry-after=1']) {
      const before = asked()
      await expect(
        client.chat.completions.create({ model: 'haiku', messages: user(`x [rehearse ${mishap}]`), stream: true }),
      ).rejects.toThrow(APIError)
      expect([mishap, asked() - before]).toEqual([mishap, 1])
    }
  })

  test('[ER3] a failure in mid-answer is thrown after the text that came', async () => {
    const stream = await client.chat.completions.create({
      model: 'haiku',
      messages: user('count to 9 [rehearse drop=4]'),
      stream: true,
    })
    let text = ''
    const reading = (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    })()
    await expect(reading).rejects.toThrow(APIError)
    expect('1 2 3 4').toContain(text)
  })

  test('[CA1] aborting stops the run', async () => {
    const stream = await client.chat.completions.create({
      model: 'haiku',
      messages: user('count to 500 [rehearse slow=20]'),
      stream: true,
    })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content?.includes('3') === true) break
    await until(() => stage.rehearsal.requests.at(-1)?.state === 'closed-early')

    const leaver = new AbortController()
    const asking = stage.rehearsal.requests.length
    const whole = client.chat.completions.create(
      { model: 'haiku', messages: user('count to 500 [rehearse slow=20]') },
      { signal: leaver.signal },
    )
    await until(() => stage.rehearsal.requests.length > asking)
    leaver.abort()
    await expect(whole).rejects.toThrow(APIUserAbortError)
    await until(() => stage.rehearsal.requests[asking]?.state === 'closed-early')
  })

  test('[CC11] its structured output is parsed', async () => {
    const completion = await client.chat.completions.parse({
      model: 'conversational/haiku',
      messages: user('who?'),
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'person',
          strict: true,
          schema: {
            type: 'object',
            properties: { age: { type: 'integer', minimum: 3 } },
            required: ['age'],
            additionalProperties: false,
          },
        },
      },
    })
    expect(completion.choices[0]?.message.parsed).toEqual({ age: 3 })
  })
})
