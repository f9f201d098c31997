import { expect, test } from 'vitest'
import { openJobs } from '../../test/support/open-jobs.ts'
import { forever, says, text } from '../../test/support/scripted-engine.ts'
import { GatewayError } from '../core/index.ts'

const busy = new GatewayError('overloaded', 'The model API is overloaded.')

test('[JB8] a failure that may pass is tried again after a pause, in a workspace of its own', async () => {
  const { submit, reached, done, clock, engine, workspaces, room, events, told, observer } = openJobs((_, index) =>
    index < 2 ? [text(`try ${index}`), { type: 'turn-failed', error: busy }] : says('a'),
  )
  const id = await submit()
  await reached(id, 'running')
  await clock.advance(1999)
  expect([engine.runs.length, room.active, workspaces.opened[0]?.isOpen]).toEqual([1, 0, false])
  expect(await reached(id, 'queued')).toMatchObject({ status: 'queued', attempt: 1, failures: 1 })
  await clock.advance(1000)
  expect(engine.runs).toHaveLength(2)
  await clock.advance(9000)
  expect(await done(id)).toMatchObject({ status: 'completed', output: 'a', attempt: 3, failures: 2 })
  expect(workspaces.opened.map(({ directory }) => directory)).toEqual([
    '/workspaces/0',
    '/workspaces/1',
    '/workspaces/2',
  ])
  expect(told(id)).toEqual(['queued', 'running', 'queued', 'running', 'queued', 'running', 'completed'])
  expect(observer.of('job-failed').map(({ code }) => code)).toEqual(['overloaded', 'overloaded'])
  expect(await events(id)).toMatchObject([
    { type: 'queued' },
    { type: 'started', attempt: 1 },
    { type: 'text', text: 'try 0' },
    { type: 'retrying', error: busy.message, inMs: 2000 },
    { type: 'started', attempt: 2 },
    { type: 'text', text: 'try 1' },
    { type: 'retrying', error: busy.message, inMs: 8000 },
    { type: 'started', attempt: 3 },
    { type: 'text', text: 'a' },
    { type: 'ended', status: 'completed' },
  ])
})

test('[JB8] what fails as often as may be ends with its last failure', async () => {
  const { submit, done, clock, engine } = openJobs((_, index) => [new GatewayError('cli_failed', `No ${index}.`)], {
    maxFailures: 2,
  })
  const id = await submit()
  await engine.started(0)
  await clock.advance(3000)
  expect(await done(id)).toMatchObject({ status: 'failed', error: 'No 1.', errorCode: 'cli_failed', attempt: 2 })
  await clock.advance(600_000)
  expect(engine.runs).toHaveLength(2)
})

test('[JB8] what cannot pass is not tried again', async () => {
  for (const code of ['budget_exceeded', 'timeout', 'cli_not_logged_in', 'insufficient_quota'] as const) {
    const { submit, done, engine, clock } = openJobs(() => [new GatewayError(code, 'No.')])
    expect(await done(await submit())).toMatchObject({ errorCode: code, attempt: 1 })
    await clock.advance(600_000)
    expect(engine.runs).toHaveLength(1)
  }
})

test('[JB8] a job that waits for its next attempt keeps nobody waiting', async () => {
  const { submit, done, clock, engine } = openJobs((_, index) => (index === 0 ? [busy] : says(`${index}`)))
  const first = await submit()
  await engine.started(0)
  const second = await submit()
  expect(await done(second)).toMatchObject({ output: '1' })
  await clock.advance(3000)
  expect(await done(first)).toMatchObject({ output: '2' })
})

test('[JB12] a job that was cancelled is not tried again', async () => {
  const { submit, engine, clock, jobs, get } = openJobs((_, index) => (index === 0 ? [busy] : [forever()]))
  const id = await submit()
  await engine.started(0)
  await clock.advance(500)
  expect(await jobs.cancel({ tenant: 't', id })).toMatchObject({ status: 'cancelled' })
  await clock.advance(600_000)
  expect([engine.runs.length, (await get(id))?.status]).toEqual([1, 'cancelled'])
})
