import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readStream } from '../support/stream.ts'
import { isAlive, startStage, until, type Stage } from '../support/stage.ts'

const fakeClaude = fileURLToPath(new URL('../fixtures/fake-claude', import.meta.url))
const SECRET = /SECRET|STDERR|\/etc|\/root|stack|\bat \S+:\d+/

interface Failure {
  readonly status: number
  readonly code: string
}

let stage: Stage

const post = (content: string, stream: boolean, model?: string) =>
  stage.fetch('/v1/chat/completions', {
    body: { stream, ...(model === undefined ? {} : { model }), messages: [{ role: 'user', content }] },
  })

/**
 * A failure as streamed and not streamed, of the same agent: both must tell the same. On a slow machine the failure may
 * come after the time that the status waits for it; then the stream tells it.
 */
async function expectFailure(content: string, { status, code }: Failure): Promise<Response> {
  const whole = await post(content, false, 'conversational/sonnet')
  const streamed = await post(content, true)
  expect(whole.status).toBe(status)
  const body: unknown = await whole.json()
  expect(body).toEqual({ error: { message: expect.any(String), type: expect.any(String), param: null, code } })
  expect(JSON.stringify(body)).not.toMatch(SECRET)
  if (streamed.status === 200)
    expect(await readStream(streamed)).toMatchObject({ done: false, finish: [], text: '', ...(body as object) })
  else expect([streamed.status, await streamed.json()]).toEqual([status, body])
  return whole
}

describe('failures of the model API, through the real CLI', () => {
  beforeAll(async () => {
    stage = await startStage()
  })
  afterAll(() => stage.close())

  test('[ER4] [ER7] a login that is refused is 503 with what to do, and no retry', async () => {
    const response = await expectFailure('hi [rehearse status=401]', { status: 503, code: 'cli_not_logged_in' })
    expect(response.headers.get('x-should-retry')).toBe('false')
    const again = await post('hi [rehearse status=401]', true)
    expect(((await again.json()) as { error: { message: string } }).error.message).toContain('claude setup-token')
  })

  test('[ER5] [ER7] a rate limit is 429 with retry-after', async () => {
    const response = await expectFailure('hi [rehearse status=429 retry-after=7]', {
      status: 429,
      code: 'rate_limit_exceeded',
    })
    // The CLI adds a little to what it is told to wait.
    const seconds = Number(response.headers.get('retry-after'))
    expect(seconds).toBeGreaterThanOrEqual(7)
    expect(seconds).toBeLessThan(15)
    const long = await expectFailure('hi [rehearse status=429 retry-after=300]', {
      status: 429,
      code: 'rate_limit_exceeded',
    })
    expect(long.headers.get('retry-after')).toBe('60')
  })

  test('[ER5] [ER7] an overloaded model API is 503', async () => {
    await expectFailure('hi [rehearse status=529]', { status: 503, code: 'overloaded' })
  })

  test('[ER15] [ER7] a login that may not use what is asked for is not taken for one that is missing', async () => {
    await expectFailure('hi [rehearse status=403]', { status: 503, code: 'upstream_refused' })
  })

  test.each([
    ['500', 'hi [rehearse status=500]', 'upstream_failed'],
    ['a model that the login does not have', 'hi [rehearse status=404]', 'upstream_refused'],
    ['an answer that is no answer', 'hi [rehearse garbage=0]', 'upstream_failed'],
    ['a connection that drops before the answer', 'hi [rehearse drop=0]', 'upstream_failed'],
  ])('[ER3] [ER7] %s is 503', async (_, content, code) => {
    await expectFailure(content, { status: 503, code })
  })

  test('[ER6] a prompt that is too long for the model is 400', async () => {
    await expectFailure('hi [rehearse status=400 message="prompt is too long: 250000 tokens > 200000 maximum"]', {
      status: 400,
      code: 'context_length_exceeded',
    })
  })

  test('a failure that the CLI’s one retry mends is no failure', async () => {
    const { text, finish } = await readStream(await post('hi [rehearse status=529 fail-times=1]', true))
    expect(text).toBe('This is a rehearsal. You said: hi')
    expect(finish).toEqual(['stop'])
  })

  test.each([
    ['the connection drops', 'count to 20 [rehearse drop=5]'],
    ['the model API reports an error', 'count to 20 [rehearse error=5]'],
    ['the stream ends without an end', 'count to 20 [rehearse end=5]'],
    ['the stream turns to garbage', 'count to 20 [rehearse garbage=5]'],
  ])('[ER3] [ER11] in mid-answer, when %s, the stream ends with an error frame', async (_, content) => {
    const { text, finish, done, error } = await readStream(await post(content, true))
    expect('1 2 3 4 5').toContain(text)
    expect(text).not.toBe('')
    expect(finish).toEqual([])
    expect(done).toBe(false)
    expect(error).toMatchObject({ code: expect.stringMatching(/upstream_failed|overloaded/), type: 'server_error' })
    expect(JSON.stringify(error)).not.toMatch(SECRET)
  })

  test('a refusal ends with content_filter', async () => {
    const { finish } = await readStream(await post('count to 3 [rehearse stop=refusal]', true))
    expect(finish).toEqual(['content_filter'])
  })

  test('[DO6] a run that reaches its budget fails with that', async () => {
    const response = await stage.fetch('/execute', {
      body: {
        prompt: 'look [rehearse call=Glob input={"pattern":"*"} usage=90000000,900000]',
        agent: 'recruiter-triage',
        max_budget_usd: 0.01,
      },
    })
    const { job_id: id } = (await response.json()) as { job_id: string }
    const job = await until(async () => {
      const seen = (await (await stage.fetch(`/jobs/${id}`)).json()) as { status: string; error: string }
      return seen.status !== 'queued' && seen.status !== 'running' && seen
    })
    expect(job).toMatchObject({ status: 'failed', error: expect.stringContaining('budget') })
  })
})

describe('failures of the CLI itself, on a scripted one', () => {
  beforeAll(async () => {
    stage = await startStage({
      env: {
        VIVAVOCE_CLAUDE_BIN: fakeClaude,
        VIVAVOCE_POOL_MAX: '0',
        // A process that never says that it is up has this time besides (AD11).
        VIVAVOCE_START_TIMEOUT_SECONDS: '2',
        VIVAVOCE_FIRST_TOKEN_TIMEOUT_SECONDS: '1',
        VIVAVOCE_TOKEN_GAP_TIMEOUT_SECONDS: '1',
      },
    })
  })
  afterAll(() => stage.close())

  test.each([
    ['exits with a failure', 'early-exit', 503, 'cli_failed'],
    ['prints garbage', 'garbage', 503, 'cli_failed'],
    ['answers nothing without asking the model', 'silent', 503, 'cli_failed'],
    ['answers a command without asking the model', 'unknown-command', 503, 'cli_failed'],
    ['reports an error as a success', 'is-error', 503, 'cli_failed'],
    ['writes a limit’s text in the model’s place', 'synthetic', 429, 'insufficient_quota'],
    ['reports the limit of a plan', 'plan-limit', 429, 'insufficient_quota'],
    ['reports the limit of a plan with the time of day', 'plan-resets', 429, 'insufficient_quota'],
  ])('[ER3] [ER18] a CLI that %s is a failure', async (_, kind, status, code) => {
    const response = await expectFailure(`[fake ${kind}]`, { status, code })
    if (code === 'insufficient_quota') expect(response.headers.get('x-should-retry')).toBe('false')
    if (kind.startsWith('plan-')) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(500)
  })

  test('[ER8] [ER3] a CLI that hangs, deaf to TERM, is stopped and is a failure', async () => {
    await expectFailure('[fake hang]', { status: 503, code: 'timeout' })
    await stage.until(() => stage.ended().some(({ cause, signal }) => cause === 'deadline' && signal === 'SIGKILL'))
  })

  test('[ER8] a CLI that stops in mid-answer is stopped, and its stream ends with an error frame', async () => {
    const { text, error, done } = await readStream(await post('[fake hang-after-text]', true))
    expect({ text, done }).toEqual({ text: 'half', done: false })
    expect(error).toMatchObject({ code: 'timeout' })
  })

  test.each([
    ['exits', 'exit-after-text', 'cli_failed'],
    ['reports an error', 'error-after-text', 'cli_failed'],
  ])('[ER3] a CLI that %s in mid-answer ends the stream with an error frame', async (_, kind, code) => {
    const { text, error, done, finish } = await readStream(await post(`[fake ${kind}]`, true))
    expect({ text, done, finish }).toEqual({ text: 'half', done: false, finish: [] })
    expect(error).toMatchObject({ code })
    expect(JSON.stringify(error)).not.toMatch(SECRET)
  })

  test('[ER11] an answer that is begun again is not sent twice', async () => {
    const { text, error } = await readStream(await post('[fake again]', true))
    expect(text).toBe('one')
    expect(error).toMatchObject({ code: 'upstream_failed' })
  })

  test('[CL8] [ST9] lines that are cut at any byte, and characters that are cut in two, arrive whole', async () => {
    const { text, chunks } = await readStream(await post('[fake odd-chunks]', true))
    expect(text).toBe('🙂a Ж 🙂日本')
    expect(chunks[0]?.choices[0]?.delta.content).toBe('🙂')
  })

  test('[CA1] what a child started goes with it', async () => {
    const leaver = new AbortController()
    const response = await stage.fetch('/v1/chat/completions', {
      body: { stream: true, messages: [{ role: 'user', content: '[fake spawn]' }] },
      signal: leaver.signal,
    })
    let raw = ''
    let pid = 0
    for await (const bytes of response.body ?? []) {
      raw += new TextDecoder().decode(bytes)
      pid = Number(/"content":"(\d+)"/.exec(raw)?.[1] ?? 0)
      if (pid > 0) break
    }
    expect(isAlive(pid)).toBe(true)
    leaver.abort()
    await until(() => !isAlive(pid))
  })

  test('an honest CLI is served', async () => {
    const { text } = await readStream(await post('hello', true))
    expect(text).toBe('This is a rehearsal. You said: hello')
  })
})

test('[CL3] a CLI that reads the files that a text names is not served', async () => {
  await expect(
    startStage({ env: { VIVAVOCE_CLAUDE_BIN: `${fakeClaude}-dishonest`, VIVAVOCE_POOL_MAX: '0' } }),
  ).rejects.toThrow(/acts on text that callers send/)
})

test('[CL7] a CLI that is not there, or is none, is told so', async () => {
  await expect(startStage({ env: { VIVAVOCE_CLAUDE_BIN: '/nonexistent/claude' } })).rejects.toThrow(
    /VIVAVOCE_CLAUDE_BIN/,
  )
  await expect(startStage({ env: { VIVAVOCE_CLAUDE_BIN: '/bin/true' } })).rejects.toThrow(/does not tell its version/)
})
