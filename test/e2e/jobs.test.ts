import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventsIn, jobsOn } from '../support/jobs-on-stage.ts'
import { isAlive, startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({
    env: { MAX_CONCURRENCY: '1', MAX_QUEUE_DEPTH: '2', JOB_TTL_SECONDS: '600', VIVAVOCE_JOB_ATTEMPTS: '1' },
  })
})
afterAll(() => stage.close())

const { submit, reached, ended } = jobsOn(() => stage)

const pids = (of: Stage): readonly number[] =>
  of.observations.flatMap((seen) =>
    seen.type === 'process-started' && seen.agent !== 'conversational' ? [seen.pid] : [],
  )

const workspacesOf = (of: Stage): readonly string[] =>
  readdirSync(join(of.directory, 'data', 'workspaces')).filter((name) => name.startsWith('run-'))

const events = async (id: string, headers: Record<string, string> = {}) =>
  eventsIn(await (await stage.fetch(`/jobs/${id}/events`, { headers })).text())

describe('jobs on the real CLI', () => {
  test('[JB1] [JB2] a job is taken, run and told of', async () => {
    const id = await submit('say exactly: готово 🙂', { metadata: { ticket: 7, nested: { a: ['b'] } }, priority: 5 })
    expect(await ended(id)).toEqual({
      job_id: id,
      status: 'completed',
      agent: 'recruiter-triage',
      model: 'sonnet',
      priority: 5,
      attempt: 1,
      output: 'готово 🙂',
      error: null,
      error_code: null,
      exit_code: 0,
      cost_usd: expect.any(Number),
      usage: expect.objectContaining({ output_tokens: expect.any(Number) }),
      commits: [],
      pushed: null,
      has_patch: false,
      metadata: { ticket: 7, nested: { a: ['b'] } },
      created_at: expect.stringMatching(/Z$/),
      started_at: expect.stringMatching(/Z$/),
      finished_at: expect.stringMatching(/Z$/),
    })
    expect((await stage.fetch('/jobs/job_unknown')).status).toBe(404)
    const list = (await (await stage.fetch('/jobs?status=completed&limit=1')).json()) as object
    expect(list).toMatchObject({ jobs: [{ job_id: id }] })
  })

  test('[JB3] a job whose run fails is failed, one over its time is timeout', async () => {
    const failed = await ended(await submit('hi [rehearse status=500]'))
    expect(failed).toMatchObject({ status: 'failed', output: null, exit_code: 1, error_code: 'upstream_failed' })
    // What the CLI said of it is for the operator.
    expect(stage.observations).toContainEqual(
      expect.objectContaining({ type: 'job-failed', jobId: failed.job_id, code: 'upstream_failed' }),
    )
    const late = await ended(await submit('hi [rehearse hang=1]', { timeout_seconds: 2 }))
    expect(late).toMatchObject({ status: 'timeout', output: null, error_code: 'timeout' })
  })

  test('[JB6] a request that is sent again is the same job', async () => {
    const headers = { 'idempotency-key': 'once' }
    const before = stage.rehearsal.requests.length
    const id = await submit('say exactly: once', {}, headers)
    await ended(id)
    const body = { prompt: 'say exactly: once', agent: 'recruiter-triage' }
    const again = await stage.fetch('/execute', { body, headers })
    expect([again.status, await again.json()]).toEqual([202, { job_id: id, status: 'completed' }])
    expect(stage.rehearsal.requests.length - before).toBe(1)
  })

  test('[JB11] what the agent says is told as it happens, and again to who comes back', async () => {
    const id = await submit('count to 40 [rehearse slow=40]')
    const live = await events(id)
    const job = await ended(id)
    const texts = live.filter(({ event }) => event === 'text')
    expect(texts.map(({ data }) => data['text']).join('')).toBe(job.output)
    expect(texts.length).toBeGreaterThan(2)
    expect(live.map(({ id }) => Number(id))).toEqual(live.map((_, index) => index + 1))
    expect(live.map(({ event }) => event).filter((event) => event !== 'text')).toEqual(['queued', 'started', 'ended'])
    expect(await events(id)).toEqual(live)
    expect(await events(id, { 'last-event-id': '2' })).toEqual(live.slice(2))
    const over = await stage.fetch(`/jobs/${id}/events`, { headers: { 'last-event-id': String(live.length) } })
    expect(over.status).toBe(204)
  })

  test('[JB11] the tools that the agent uses are told', async () => {
    const id = await submit('look [rehearse call=Glob input={"pattern":"*"}]')
    const told = await events(id)
    expect(told.filter(({ event }) => event === 'tool').map(({ data }) => data)).toMatchObject([
      { name: 'Glob', input: '{"pattern":"*"}' },
    ])
    expect(told.at(-1)).toMatchObject({ event: 'ended', data: { status: 'completed' } })
  })

  test('[JB12] a job that runs is cancelled: its process and its workspace are gone when that is answered', async () => {
    const id = await submit('count to 500 [rehearse slow=20]')
    const isClosed = (): boolean => stage.rehearsal.requests.at(-1)?.closedAtMs !== undefined
    await until(() => !isClosed())
    const pid = pids(stage).at(-1) ?? 0
    expect([isAlive(pid), workspacesOf(stage).length]).toEqual([true, 1])
    const reply = await stage.fetch(`/jobs/${id}`, { method: 'DELETE' })
    expect([isAlive(pid), workspacesOf(stage).length]).toEqual([false, 0])
    expect([reply.status, await reply.json()]).toMatchObject([200, { status: 'cancelled', output: null }])
    await until(isClosed)
    expect((await events(id)).at(-1)).toMatchObject({ event: 'ended', data: { status: 'cancelled' } })
  })

  test('[JB12] a job that waits is cancelled and never runs', async () => {
    const slow = await submit('count to 500 [rehearse slow=20]')
    await reached(slow, 'running')
    const waiting = await submit('say exactly: never')
    await stage.fetch(`/jobs/${waiting}`, { method: 'DELETE' })
    await stage.fetch(`/jobs/${slow}`, { method: 'DELETE' })
    const after = await ended(await submit('say exactly: after'))
    expect(after.output).toBe('after')
    expect(JSON.stringify(stage.rehearsal.requests.map(({ body }) => stage.told(body)))).not.toContain('never')
  })

  test('[AD1] [AD2] [AD3] [JB4] jobs and requests share the places; one too many of either is refused', async () => {
    const slow = await submit('count to 60 [rehearse slow=50]')
    await reached(slow, 'running')
    const second = await submit('say exactly: second', { timeout_seconds: 10 })
    const third = await submit('say exactly: third', { priority: 1 })
    const refusedJob = await stage.fetch('/execute', { body: { prompt: 'x', agent: 'recruiter-triage' } })
    expect(refusedJob.status).toBe(429)
    expect(Number(refusedJob.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refusedJob.json()).toMatchObject({ error: 'queue full', detail: expect.any(String) })
    const chat = () =>
      stage.fetch('/v1/chat/completions', { body: { stream: true, messages: [{ role: 'user', content: 'x' }] } })
    // Requests have a queue of their own, as long as that of the jobs.
    const waiting = [chat(), chat()]
    const health = await until(async () => {
      const told = (await (await stage.fetch('/health')).json()) as { readonly queued: number }
      return told.queued === 2 && told
    })
    expect(health).toMatchObject({ status: 'ok', busy: true, active: 1, queued: 2, capacity: 1 })
    const refused = await chat()
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true])
    expect(await refused.json()).toMatchObject({ error: { code: 'queue_full' } })
    const said = await stage.fetch('/v1/conversational', { body: { session_id: 'x', message: 'x' } })
    expect(said.status).toBe(503)
    const views = await Promise.all([slow, third, second].map(ended))
    expect(views.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed'])
    const starts = views.map(({ started_at: at }) => at ?? '')
    expect(starts.toSorted()).toEqual(starts)
    for (const answered of await Promise.all(waiting)) expect((await readStream(answered)).finish).toEqual(['stop'])
  })

  test('[JB8] a failure that may pass is tried again', async () => {
    await using own = await startStage({ env: { VIVAVOCE_JOB_ATTEMPTS: '2' } })
    const jobs = jobsOn(() => own)
    // The CLI itself tries each request eleven times.
    const id = await jobs.submit('say exactly: at last [rehearse drop=2 fail-times=1]')
    const job = await jobs.ended(id)
    expect(job).toMatchObject({ status: 'completed', attempt: 2, output: 'at last' })
    const told = eventsIn(await (await own.fetch(`/jobs/${id}/events`)).text()).map(({ event }) => event)
    expect(told.filter((event) => event !== 'text')).toEqual(['queued', 'started', 'retrying', 'started', 'ended'])
  })

  test('[JB9] a job that runs when its server stops goes on at the next start, and one that waits too', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vivavoce-jobs-'))
    try {
      const first = await startStage({ directory, env: { MAX_CONCURRENCY: '1' } })
      const before = jobsOn(() => first)
      const running = await before.submit('count to 100 [rehearse slow=20]')
      await before.reached(running, 'running')
      const waiting = await before.submit('say exactly: later')
      await first.close()
      await using second = await startStage({ directory })
      const after = jobsOn(() => second)
      expect(await after.ended(running)).toMatchObject({ status: 'completed', attempt: 2 })
      expect(await after.ended(waiting)).toMatchObject({ status: 'completed', attempt: 1, output: 'later' })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  test('[JB14] what a run changed is kept as a patch, and pushed where that is asked for', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vivavoce-jobs-'))
    try {
      const [repository, agents] = [join(directory, 'repository'), join(directory, 'agents')]
      await mkdir(agents)
      await writeFile(
        join(agents, 'writer.md'),
        '---\nname: writer\ndescription: Writes.\ntools: Read, Write\n---\nYou write.\n',
      )
      await writeFile(join(agents, 'talker.md'), '---\nname: talker\ndescription: Talks.\ntools: []\n---\nYou talk.\n')
      const git = (...args: readonly string[]): string =>
        execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
          encoding: 'utf8',
        }).trim()
      git('init', '-q', '-b', 'main', repository)
      git('-C', repository, 'commit', '-q', '--allow-empty', '-m', 'one')
      await using own = await startStage({
        env: {
          VIVAVOCE_WORKSPACE_REPO: repository,
          VIVAVOCE_AGENTS_DIR: agents,
          VIVAVOCE_PUSH_BRANCHES: 'agents/*',
          VIVAVOCE_AGENT: 'writer',
          VIVAVOCE_STREAM_AGENT: 'talker',
        },
      })
      const jobs = jobsOn(() => own)
      const input = JSON.stringify({ file_path: 'бележки.txt', content: 'Здравей 🙂\n' })
      const prompt = `write [rehearse call=Write input=${input}]`
      const job = await jobs.ended(await jobs.submit(prompt, { agent: 'writer', push: { branch: 'agents/бележки' } }))
      expect(job).toMatchObject({
        status: 'completed',
        has_patch: true,
        error: null,
        pushed: { branch: 'agents/бележки', commit: git('-C', repository, 'rev-parse', 'agents/бележки') },
      })
      expect(git('-C', repository, 'show', 'agents/бележки:бележки.txt')).toBe('Здравей 🙂')
      const refused = await own.fetch('/execute', { body: { prompt, agent: 'writer', push: { branch: 'main' } } })
      expect([refused.status, await refused.json()]).toMatchObject([
        400,
        { detail: expect.stringContaining('`push.branch`') },
      ])
      const patch = await own.fetch(`/jobs/${job.job_id}/patch`)
      expect(patch.headers.get('content-type')).toBe('text/x-diff; charset=utf-8')
      expect(await patch.text()).toContain('+Здравей 🙂')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
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
