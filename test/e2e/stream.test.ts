import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toBlocks } from '../../src/rehearsal/index.ts'
import { readStream } from '../support/stream.ts'
import { startStage, until, type Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

const ask = (content: string, extra: object = {}) =>
  stage.fetch('/v1/chat/completions', {
    body: { model: 'sonnet', stream: true, messages: [{ role: 'user', content }], ...extra },
  })

/** What the model API was last sent by a talker. */
const lastBody = () => {
  const request = stage.rehearsal.requests.at(-1)
  if (request === undefined) throw new Error('nothing was sent')
  return request
}

describe('a streamed answer on the real CLI', () => {
  test('[ST1] [ST4] [ST5] [ST7] [ST10] is an event stream in the form that clients rely on', async () => {
    const response = await ask('say exactly: one two three')
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    expect(response.headers.get('content-encoding')).toBeNull()
    const raw = await response.clone().text()
    expect(raw.startsWith('data: {')).toBe(true)
    expect(raw.endsWith('data: [DONE]\n\n')).toBe(true)
    const { chunks, text, finish } = await readStream(response)
    expect(text).toBe('one two three')
    expect(finish).toEqual(['stop'])
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: 'one' })
    expect(chunks.filter(({ choices }) => choices[0]?.delta.role !== undefined)).toHaveLength(1)
    expect(chunks.at(-1)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' })
    expect(
      new Set(chunks.map(({ id, object, created, model }) => JSON.stringify([id, object, created, model]))).size,
    ).toBe(1)
    expect(chunks[0]).toMatchObject({
      object: 'chat.completion.chunk',
      model: 'sonnet',
      id: expect.stringMatching(/^chatcmpl-/),
    })
  })

  test('[ST6] each delta of the model leaves as it arrives', async () => {
    const response = await ask('count to 6 [rehearse slow=100]')
    const at: number[] = []
    for await (const bytes of response.body ?? []) {
      for (const _ of new TextDecoder().decode(bytes).matchAll(/"content"/g)) at.push(performance.now())
    }
    expect(at).toHaveLength(6)
    expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeGreaterThan(300)
  })

  test('[ST8] usage comes after the finish, where it is asked for and only then', async () => {
    const asked = await readStream(
      await ask('hello [rehearse usage=120,7]', { stream_options: { include_usage: true } }),
    )
    expect(asked.chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 120,
        completion_tokens: 7,
        total_tokens: 127,
        prompt_tokens_details: { cached_tokens: 0 },
      },
    })
    expect(asked.chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    const unasked = await readStream(await ask('hello'))
    expect(unasked.chunks.some(({ usage }) => usage !== undefined)).toBe(false)
  })

  test('[ST9] Cyrillic and emoji arrive as they are, wherever the bytes are cut', async () => {
    const response = await ask('кажи точно: Здравей, свят 🙂👩‍👩‍👧 — край [rehearse bytes=1]')
    const raw = await response.clone().text()
    expect(raw).toContain('Здравей')
    expect(raw).not.toMatch(/\\u[0-9a-f]{4}/i)
    expect((await readStream(response)).text).toBe('Здравей, свят 🙂👩‍👩‍👧 — край')
  })

  test('[ST13] what the model thinks is not sent', async () => {
    const { text, chunks } = await readStream(await ask('hello [rehearse thinking=1]'))
    expect(text).toContain('You said: hello')
    expect(JSON.stringify(chunks)).not.toContain('SECRET-THOUGHT')
  })

  test('[CC13] [CC6] the model is sent the history in its roles, the first instructions as the system prompt', async () => {
    const { finish } = await readStream(
      await stage.fetch('/v1/chat/completions', {
        body: {
          stream: true,
          messages: [
            { role: 'system', content: 'Be kind.' },
            { role: 'developer', content: 'Be wise.' },
            { role: 'user', content: 'first' },
            { role: 'assistant', content: 'one' },
            { role: 'developer', content: 'Be brief.' },
            {
              role: 'user',
              content: [
                { type: 'text', text: 'sec' },
                { type: 'text', text: 'ond' },
              ],
            },
            { role: 'user', content: 'third' },
          ],
        },
      }),
    )
    expect(finish).toEqual(['stop'])
    const { body } = lastBody()
    expect(stage.told(body)).toBe(
      'user: first | assistant: one | user: <system>\nBe brief.\n</system> + second + third',
    )
    expect(toBlocks(body.system ?? '').at(-1)?.text).toBe('Be kind.\n\nBe wise.')
  })

  test('[CC1] [CC3] an agent is picked by name, a foreign name is mapped', async () => {
    const doer = await readStream(await ask('hello', { model: 'recruiter-triage/haiku' }))
    expect(doer.chunks[0]?.model).toBe('recruiter-triage/haiku')
    expect(
      lastBody()
        .body.tools?.map(({ name }) => name)
        .toSorted(),
    ).toEqual(['Glob', 'Grep', 'Read', 'WebFetch', 'WebSearch'])
    const mapped = await readStream(await ask('hello', { model: 'gpt-4.1' }))
    expect(mapped.chunks[0]?.model).toBe('sonnet')
  })

  test('[CC8] an answer that meets its limit ends with length, and the CLI does not get to go on', async () => {
    const before = stage.rehearsal.requests.length
    const { text, finish } = await readStream(await ask('count to 30', { max_tokens: 4 }))
    expect(text).toBe('1 2 3 4')
    expect(finish).toEqual(['length'])
    // The CLI asks to go on as soon as it is told of the limit; on a busy machine it may just begin to before it is killed.
    const [first, ...more] = await until(() => {
      const requests = stage.rehearsal.requests.slice(before)
      return requests.every(({ state }) => state !== 'open') && requests
    })
    expect(first?.body.max_tokens).toBe(4)
    expect(more.map(({ state }) => state)).toEqual(more.map(() => 'closed-early'))
  })

  test('[CC12] an answer ends before a stop text', async () => {
    const { text, finish } = await readStream(
      await ask('count to 30', { stop: [' 7', 'x'], stream_options: { include_usage: true } }),
    )
    expect(text).toBe('1 2 3 4 5 6')
    expect(finish).toEqual(['stop'])
  })

  test('[CC11] an answer to a schema is one JSON text that satisfies it', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 3 } },
      required: ['name', 'age'],
    }
    const { text } = await readStream(
      await ask('who?', { response_format: { type: 'json_schema', json_schema: { name: 'person', schema } } }),
    )
    expect(JSON.parse(text)).toEqual({ name: expect.any(String), age: 3 })
    const any = await readStream(await ask('who?', { response_format: { type: 'json_object' } }))
    expect(JSON.parse(any.text)).toEqual(expect.any(Object))
  })

  test('[DO2] a doer that streams sends all that it says', async () => {
    const { text, finish } = await readStream(
      await ask('hello [rehearse call=Glob input={"pattern":"*"}]', { model: 'recruiter-triage/sonnet' }),
    )
    expect(text).toContain('The tool answered:')
    expect(finish).toEqual(['stop'])
  })
})
