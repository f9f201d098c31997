/** Responses without text, on the real CLI: each is a success, and the second request that the CLI would make is cut off. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installed, OLDER_CLI } from '../support/older-cli.ts'
import { startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

/** How the CLI asks the model for text. */
const ASKED_AGAIN = /had no visible output/

/** A second request gets no first piece before it is cut off. A response without any piece is not slowed down by it. */
const SLOW = '[rehearse first=4000]'

type Blank = readonly [name: string, content: string, extra: object]
const A_BLANK: Blank = ['a blank', 'say exactly:   ', {}]
const LINE_BREAKS: Blank = ['line breaks', `say exactly: \n\n ${SLOW}`, {}]
const A_STOP: Blank = ['a blank and a stop sequence', `say exactly:  STOP here ${SLOW}`, { stop: 'STOP' }]
const BLANKS: readonly Blank[] = [
  A_BLANK,
  LINE_BREAKS,
  ['nothing', 'hi [rehearse empty=1]', {}],
  ['a thought alone', 'hi [rehearse empty=1 thinking=1]', { reasoning_effort: 'low' }],
  A_STOP,
  ['a stop sequence alone', 'say exactly: STOP here', { stop: ['STOP', '\n'] }],
]

const ONE_SHOT = { VIVAVOCE_POOL_MAX: '0' }
const OLD = { VIVAVOCE_CLAUDE_BIN: OLDER_CLI }

interface Kind {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly blanks: readonly Blank[]
}

describe.each<{ name: string; env: Record<string, string>; blanks: readonly Blank[] }>(
  installed<Kind>([
    { name: 'pooled', env: {}, blanks: BLANKS },
    { name: 'pooled, 2.1.197', env: OLD, blanks: BLANKS },
    { name: 'one-shot', env: ONE_SHOT, blanks: [A_BLANK, LINE_BREAKS, A_STOP] },
    { name: 'one-shot, 2.1.197', env: { ...OLD, ...ONE_SHOT }, blanks: [A_BLANK, LINE_BREAKS] },
  ]),
)('$name', ({ env, blanks }) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ env: { VIVAVOCE_POOL_SPARES: '1', ...env } })
  })
  afterAll(() => stage.close())

  /** The requests to the model that were asked for; checks that the others, by prompts that are slow, were cut off. */
  async function requestsAskedFor(): Promise<number> {
    await until(() => stage.rehearsal.requests.every(({ state }) => state !== 'open'))
    const again = stage.rehearsal.requests.filter(({ rawBody }) => ASKED_AGAIN.test(rawBody))
    const slow = again.filter(({ rawBody }) => rawBody.includes(SLOW))
    expect(slow.map(({ state }) => state)).toEqual(slow.map(() => 'closed-early'))
    return stage.rehearsal.requests.length - again.length
  }

  test.each(blanks)('[CL10] [CL11] %s is a success after one request, streamed and not', async (_, content, extra) => {
    const before = await requestsAskedFor()
    const body = { model: 'conversational/sonnet', messages: [{ role: 'user', content }], ...extra }
    const streamed = await stage.fetch('/v1/chat/completions', {
      body: { ...body, stream: true, stream_options: { include_usage: true } },
    })
    const { chunks, finish, done, error } = await readStream(streamed)
    expect({ finish, done, error }).toEqual({ finish: ['stop'], done: true, error: undefined })
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([{ role: 'assistant', content: '' }, {}, undefined])
    const whole = await stage.fetch('/v1/chat/completions', { body })
    expect(whole.status).toBe(200)
    const completion = (await whole.json()) as { usage: object }
    expect(completion).toMatchObject({ choices: [{ message: { content: '' }, finish_reason: 'stop' }] })
    expect(chunks.at(-1)?.usage).toEqual(completion.usage)
    expect(completion.usage).toMatchObject({ completion_tokens: expect.toSatisfy((tokens) => Number(tokens) < 3) })
    expect(await requestsAskedFor()).toBe(before + 2)
  })

  test('[CL10] white space before text is part of the response', async () => {
    const response = await stage.fetch('/v1/chat/completions', {
      body: { stream: true, messages: [{ role: 'user', content: 'say exactly:   spaced' }] },
    })
    expect((await readStream(response)).text).toBe('  spaced')
  })
})

test('[CL12] [CL14] a conversation keeps a turn without a reply, and a job without output is completed', async () => {
  await using stage = await startStage()
  const say = async (message: string): Promise<unknown> =>
    (await stage.fetch('/v1/conversational', { body: { session_id: 'quiet', message } })).json()
  expect(await say(`say exactly:   ${SLOW}`)).toEqual({ session_id: 'quiet', reply: '' })
  expect(await say('recall')).toEqual({ session_id: 'quiet', reply: 'say exactly:' })
  const body = { prompt: 'hi [rehearse empty=1]', agent: 'recruiter-triage' }
  const { job_id: id } = (await (await stage.fetch('/execute', { body })).json()) as { job_id: string }
  const job = await until(async () => {
    const seen = (await (await stage.fetch(`/jobs/${id}`)).json()) as { status: string }
    return seen.status !== 'queued' && seen.status !== 'running' && seen
  })
  expect(job).toMatchObject({ status: 'completed', output: '', error: null })
})
