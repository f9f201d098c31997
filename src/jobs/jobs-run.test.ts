import { expect, test } from 'vitest'
import { doer, openJobs, START_MS, talker } from '../../test/support/open-jobs.ts'
import { end, forever, says, text } from '../../test/support/scripted-engine.ts'
import { GatewayError, NO_USAGE } from '../core/index.ts'

test('[JB1] the run is asked the prompt with the budget and the limit of its job, in a workspace of its own', async () => {
  const { submit, engine, workspaces } = openJobs(() => [forever()])
  await submit()
  const { request } = await engine.started(0)
  expect(request).toEqual({
    tenant: 't',
    agent: doer,
    model: 'opus',
    history: [{ role: 'user', text: 'Проучи' }],
    limits: { turnMs: 60_000 },
    budgetUsd: 0.5,
    directory: '/workspaces/0',
  })
  expect(workspaces.opened).toMatchObject([
    { isOpen: true, source: { repository: 'of recruiter-triage', branch: undefined } },
  ])
})

test('[JB1] an agent without tools runs without a workspace', async () => {
  const { submit, engine, workspaces, done } = openJobs(() => says('a'))
  expect(await done(await submit({ agent: talker.name }))).toMatchObject({ status: 'completed', output: 'a' })
  expect((await engine.started(0)).request).not.toHaveProperty('directory')
  expect(workspaces.opened).toEqual([])
})

test('[JB2] a job tells what it is doing, when, and what came of it', async () => {
  const gate = Promise.withResolvers<void>()
  const usage = { ...NO_USAGE, inputTokens: 7, outputTokens: 3 }
  const { submit, clock, reached, done, told } = openJobs(() => [
    text('Let me see.'),
    gate.promise,
    end('Готово 🙂', { costUsd: 0.12, exitCode: 0, usage }),
  ])
  const id = await submit()
  const running = await reached(id, 'running')
  expect(running).toMatchObject({ status: 'running', attempt: 1, createdAtMs: START_MS, startedAtMs: START_MS })
  expect(running).not.toHaveProperty('finishedAtMs')
  await clock.advance(2500)
  gate.resolve()
  expect(await done(id)).toMatchObject({
    status: 'completed',
    startedAtMs: START_MS,
    finishedAtMs: START_MS + 2500,
    output: 'Готово 🙂',
    costUsd: 0.12,
    exitCode: 0,
    usage,
  })
  expect(told(id)).toEqual(['queued', 'running', 'completed'])
})

test('[LG7] the end of a run is logged with who ran what, for how long and with how many tokens', async () => {
  const gate = Promise.withResolvers<void>()
  const usage = { ...NO_USAGE, inputTokens: 7, cacheReadTokens: 20, cacheWriteTokens: 1, outputTokens: 3 }
  const { submit, clock, reached, done, observer } = openJobs(() => [gate.promise, end('a', { usage })])
  const jobId = await submit()
  await reached(jobId, 'running')
  await clock.advance(2500)
  gate.resolve()
  await done(jobId)
  expect(observer.of('job-run-finished')).toEqual([
    {
      type: 'job-run-finished',
      jobId,
      tenant: 't',
      agent: doer.name,
      model: 'opus',
      attempt: 1,
      outcome: 'completed',
      ms: 2500,
      inputTokens: 28,
      cachedTokens: 20,
      outputTokens: 3,
    },
  ])
})

test('[LG7] a run that fails is logged with its failure, and so is each attempt', async () => {
  const { submit, clock, engine, done, observer } = openJobs((_, index) => [
    new GatewayError(index === 0 ? 'upstream_failed' : 'budget_exceeded', 'Не стана.'),
  ])
  const jobId = await submit()
  await engine.started(0)
  await clock.advance(3000)
  await done(jobId)
  expect(engine.runs).toHaveLength(2)
  expect(observer.of('job-run-finished')).toMatchObject([
    { jobId, attempt: 1, outcome: 'failed', code: 'upstream_failed' },
    { jobId, attempt: 2, outcome: 'failed', code: 'budget_exceeded' },
  ])
  expect(observer.of('job-run-finished')[0]).not.toHaveProperty('outputTokens')
})

test('[LG7] a run that is stopped is logged as stopped', async () => {
  const { submit, reached, jobs, observer } = openJobs(() => [forever()])
  const id = await submit()
  await reached(id, 'running')
  await jobs.cancel({ tenant: 't', id })
  const [stopped] = observer.of('job-run-finished')
  expect(stopped).toMatchObject({ jobId: id, outcome: 'stopped' })
  expect(stopped).not.toHaveProperty('code')
})

test('[JB2] a cost and an exit code that are not known are absent', async () => {
  const { submit, done } = openJobs(() => says(''))
  const job = await done(await submit())
  expect(job).toMatchObject({ status: 'completed', output: '' })
  for (const name of ['costUsd', 'exitCode', 'error', 'errorCode', 'pushed']) expect(job).not.toHaveProperty(name)
})

const STATUS_OF = [
  ['timeout', 'timeout'],
  ['cli_failed', 'failed'],
  ['upstream_failed', 'failed'],
  ['overloaded', 'failed'],
  ['rate_limit_exceeded', 'failed'],
  ['insufficient_quota', 'failed'],
  ['budget_exceeded', 'failed'],
  ['cli_not_logged_in', 'failed'],
  ['context_length_exceeded', 'failed'],
  ['no_answer', 'failed'],
  ['cli_unavailable', 'error'],
  ['workspace_failed', 'error'],
  ['shutting_down', 'error'],
  ['internal_error', 'error'],
] as const

test.each(STATUS_OF)('[JB3] a run that fails with %s ends its job as %s', async (code, status) => {
  const { submit, done, workspaces, room } = openJobs(
    (_, index) => {
      const error = new GatewayError(code, 'Не стана.', { details: { exitCode: 7, stderr: 'secret' } })
      return index === 0 ? [error] : [text('a'), { type: 'turn-failed', error }]
    },
    { maxFailures: 1 },
  )
  for (const when of ['at once', 'in mid-answer']) {
    const job = await done(await submit())
    expect([when, job?.status, job?.error, job?.errorCode, job?.exitCode]).toEqual([when, status, 'Не стана.', code, 7])
    expect(job).toMatchObject({ startedAtMs: START_MS, finishedAtMs: START_MS })
    expect(job).not.toHaveProperty('output')
    expect(JSON.stringify(job)).not.toContain('secret')
  }
  expect(workspaces.opened.map(({ isOpen }) => isOpen)).toEqual([false, false])
  expect(room.active).toBe(0)
})

test('[JB3] a defect ends its job as error, in words that are safe', async () => {
  const { submit, done } = openJobs(() => [new TypeError('secret /path')], { maxFailures: 1 })
  const job = await done(await submit())
  expect(job).toMatchObject({ status: 'error', error: 'The gateway failed on this request.' })
  expect(job).not.toHaveProperty('exitCode')
})

test('[JB3] an exit code that is no number is not told', async () => {
  const error = new GatewayError('budget_exceeded', 'No.', { details: { exitCode: null } })
  const { submit, done } = openJobs(() => [error])
  expect(await done(await submit())).not.toHaveProperty('exitCode')
})

test('[JB3] a job whose agent is not on offer any longer ends as error, and the next one runs', async () => {
  const { submit, done } = openJobs(() => says('a'))
  expect(await done(await submit({ agent: 'gone' }))).toMatchObject({
    status: 'error',
    errorCode: 'model_not_found',
    error: 'The agent `gone` does not exist any longer.',
  })
  expect(await done(await submit())).toMatchObject({ status: 'completed' })
})

test('[JB3] the time limit is for the workspace and the run together', async () => {
  const gate = Promise.withResolvers<void>()
  const { submit, engine, clock } = openJobs(() => [forever()], { opening: () => gate.promise })
  await submit({ timeoutMs: 10_000 })
  await clock.untilArmed(10_000)
  await clock.advance(4000)
  gate.resolve()
  expect((await engine.started(0)).request.limits).toEqual({ turnMs: 6000 })
})

test('[JB3] a workspace that is not there in time ends its job as timeout', async () => {
  const { submit, engine, clock, done, told } = openJobs(() => says('a'), { opening: () => forever() })
  const id = await submit({ timeoutMs: 10_000 })
  await clock.untilArmed(10_000)
  await clock.advance(10_000)
  expect(await done(id)).toMatchObject({
    status: 'timeout',
    errorCode: 'timeout',
    error: 'The workspace of the run was not there in time.',
  })
  expect([engine.runs.length, told(id)]).toEqual([0, ['queued', 'running', 'timeout']])
})

test('[JB3] a workspace that grows beyond what it may ends the run', async () => {
  const { submit, engine, workspaces, done } = openJobs(() => [forever()], { maxFailures: 1 })
  const id = await submit()
  const run = await engine.started(0)
  workspaces.overgrow(0)
  expect(await done(id)).toMatchObject({
    status: 'error',
    errorCode: 'workspace_failed',
    error: 'The workspace of the run is too large.',
  })
  await run.ended
  expect(workspaces.opened[0]?.isOpen).toBe(false)
})

test('[DO4] the workspace is gone and the place free before the job is told to be over', async () => {
  const gate = Promise.withResolvers<void>()
  const removing = Promise.withResolvers<void>()
  const { submit, done, get, workspaces, room, clock } = openJobs(() => says('a'), {
    removing: async () => {
      removing.resolve()
      await gate.promise
    },
  })
  const id = await submit()
  await removing.promise
  await clock.advance(0)
  expect([(await get(id))?.status, room.active]).toEqual(['running', 1])
  gate.resolve()
  await done(id)
  expect([workspaces.opened[0]?.isOpen, room.active]).toEqual([false, 0])
})
