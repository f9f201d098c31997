import { expect, test } from 'vitest'
import { busy, failed, openApp, START_MS, told } from '../../test/support/open-app.ts'
import { end, forever, says, text } from '../../test/support/scripted-engine.ts'
import { GatewayError } from '../core/index.ts'

const USAGE = { inputTokens: 10, cacheReadTokens: 5, cacheWriteTokens: 0, outputTokens: 7, reasoningTokens: 2 }

test('[DO1] [R54] [R74] an answer that is not streamed is one chat.completion', async () => {
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

const unmet = new GatewayError('schema_unmet', 'The model did not produce an answer that satisfies the schema.')
const asJson = { model: 'conversational/haiku', response_format: { type: 'json_object' } }

test('[CC11] an answer that does not satisfy its schema is asked for once more, and the second one is sent', async () => {
  for (const failure of [unmet, failed(unmet)]) {
    const { chat, engine, observer, admission } = openApp(
      (_, index) => (index === 0 ? [text('{'), failure] : says('{"ж":1}')),
      { capacity: 1, maxWaiting: 0 },
    )
    expect(await (await chat(asJson)).json()).toMatchObject({ choices: [{ message: { content: '{"ж":1}' } }] })
    expect(engine.runs).toHaveLength(2)
    expect(engine.runs[1]?.request).toBe(engine.runs[0]?.request)
    expect([admission.active, observer.of('request-failed')]).toEqual([0, []])
  }
})

test('[CC11] [R62] one that does not satisfy it again fails with schema_unmet', async () => {
  const { chat, engine, observer } = openApp(() => [unmet])
  expect(await told(await chat(asJson))).toEqual([
    503,
    [null, null, null],
    { error: { message: unmet.message, type: 'server_error', param: null, code: 'schema_unmet' } },
  ])
  expect(engine.runs).toHaveLength(2)
  expect(observer.of('request-failed').map(({ code }) => code)).toEqual(['schema_unmet'])
})

test('[CC11] one that is streamed, a doer’s, or one that fails in another way is not asked for again', async () => {
  const { chat, engine } = openApp((_, index) => [index < 3 ? unmet : busy])
  expect((await chat({ ...asJson, stream: true })).status).toBe(503)
  expect(engine.runs).toHaveLength(1)
  expect((await chat({ ...asJson, model: 'recruiter-triage/haiku' })).status).toBe(503)
  expect(engine.runs).toHaveLength(2)
  expect((await chat(asJson)).status).toBe(503)
  expect(engine.runs).toHaveLength(4)
})

test('[CA1] [CC11] a caller who leaves while an answer is asked for again has it stopped, and it is not asked for a third time', async () => {
  const { chat, engine, observer } = openApp((_, index) => (index === 0 ? [unmet] : [forever()]))
  const leaving = new AbortController()
  const reply = chat(asJson, { signal: leaving.signal })
  const again = await engine.started(1)
  leaving.abort(new Error('gone'))
  await again.ended
  await reply
  expect([engine.runs.length, observer.of('request-failed')]).toEqual([2, []])
})
