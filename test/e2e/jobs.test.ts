import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStage, until, type Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { MAX_CONCURRENCY: '1', MAX_QUEUE_DEPTH: '2', JOB_TTL_SECONDS: '600' } })
})
afterAll(() => stage.close())

interface JobView {
  readonly job_id: string
  readonly status: string
  readonly output: string | null
  readonly error: string | null
  readonly exit_code: number | null
  readonly metadata: unknown
  readonly created_at: string
  readonly started_at: string | null
  readonly finished_at: string | null
}

const submit = async (prompt: string, extra: object = {}): Promise<string> => {
  const response = await stage.fetch('/execute', { body: { prompt, agent: 'recruiter-triage', ...extra } })
  const body = (await response.json()) as { job_id: string; status: string }
  expect([response.status, body]).toEqual([202, { job_id: expect.stringMatching(/^job_/), status: 'queued' }])
  return body.job_id
}
const look = async (id: string): Promise<JobView> => (await (await stage.fetch(`/jobs/${id}`)).json()) as JobView
const ended = (id: string): Promise<JobView> =>
  until(async () => {
    const job = await look(id)
    return job.status !== 'queued' && job.status !== 'running' && job
  })

describe('jobs on the real CLI', () => {
  test('[JB1] [JB2] a job is taken, run and told of', async () => {
    const id = await submit('say exactly: готово 🙂', { metadata: { ticket: 7, nested: { a: ['b'] } } })
    expect(await ended(id)).toEqual({
      job_id: id,
      status: 'completed',
      agent: 'recruiter-triage',
      model: 'sonnet',
      output: 'готово 🙂',
      error: null,
      exit_code: 0,
      cost_usd: expect.any(Number),
      metadata: { ticket: 7, nested: { a: ['b'] } },
      created_at: expect.stringMatching(/Z$/),
      started_at: expect.stringMatching(/Z$/),
      finished_at: expect.stringMatching(/Z$/),
    })
    expect((await stage.fetch('/jobs/job_unknown')).status).toBe(404)
  })

  test('[JB3] a job whose run fails is failed, one over its time is timeout', async () => {
    const failed = await ended(await submit('hi [rehearse status=500]'))
    expect(failed).toMatchObject({ status: 'failed', output: null, exit_code: 1, error: expect.any(String) })
    // What the CLI said of it is for the operator.
    expect(stage.observations).toContainEqual(
      expect.objectContaining({ type: 'job-failed', jobId: failed.job_id, code: 'upstream_failed' }),
    )
    const late = await ended(await submit('hi [rehearse hang=1]', { timeout_seconds: 2 }))
    expect(late).toMatchObject({ status: 'timeout', output: null })
  })

  test('[AD1] [AD2] [AD3] [JB4] jobs and requests share the places and wait in order; one too many is refused', async () => {
    const slow = await submit('count to 60 [rehearse slow=50]')
    await until(async () => (await look(slow)).status === 'running')
    const second = await submit('say exactly: second', { timeout_seconds: 2 })
    const third = await submit('say exactly: third')
    const refusedJob = await stage.fetch('/execute', { body: { prompt: 'x', agent: 'recruiter-triage' } })
    expect(refusedJob.status).toBe(429)
    expect(Number(refusedJob.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refusedJob.json()).toMatchObject({ error: 'queue full', detail: expect.any(String) })
    const refused = await stage.fetch('/v1/chat/completions', {
      body: { stream: true, messages: [{ role: 'user', content: 'x' }] },
    })
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true])
    expect(await refused.json()).toMatchObject({ error: { code: 'queue_full' } })
    const said = await stage.fetch('/v1/conversational', { body: { session_id: 'x', message: 'x' } })
    expect(said.status).toBe(503)
    expect(await (await stage.fetch('/health')).json()).toMatchObject({
      status: 'ok',
      busy: true,
      active: 1,
      queued: 2,
      capacity: 1,
    })
    const views = await Promise.all([slow, second, third].map(ended))
    expect(views.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed'])
    const starts = views.map(({ started_at: at }) => at ?? '')
    expect(starts.toSorted()).toEqual(starts)
  })

  test('[AD1] ten at once take turns in the places there are', async () => {
    await using own = await startStage({ env: { MAX_CONCURRENCY: '3' } })
    const texts = Array.from({ length: 10 }, (_, index) => `номер ${index} 🙂`)
    const answers = await Promise.all(
      texts.map(async (text) => {
        const response = await own.fetch('/v1/chat/completions', {
          body: { model: 'conversational/haiku', messages: [{ role: 'user', content: `кажи точно: ${text}` }] },
        })
        return ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]?.message.content
      }),
    )
    expect(answers).toEqual(texts)
    const { requests } = own.rehearsal
    const together = requests.map(
      ({ atMs }) => requests.filter((other) => other.atMs <= atMs && (other.closedAtMs ?? Infinity) > atMs).length,
    )
    expect(requests).toHaveLength(10)
    expect(Math.max(...together)).toBeLessThanOrEqual(3)
  })
})
