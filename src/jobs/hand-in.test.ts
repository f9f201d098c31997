import { expect, test } from 'vitest'
import { openJobs } from '../../test/support/open-jobs.ts'
import { end, forever, says, text } from '../../test/support/scripted-engine.ts'
import { GatewayError } from '../core/index.ts'

const patch = Uint8Array.from([0xff, 0, 0x0a])
const commits = [{ id: 'a'.repeat(40), subject: 'Ж', author: 'A', atMs: 1 }]
const changes = async () => ({ patch, commits })
const trouble = new GatewayError('workspace_failed', 'git did not answer.')

test('[JB14] what a run changed is kept: its commits and a patch', async () => {
  const { submit, done, jobs } = openJobs(() => says('a'), { changes })
  const id = await submit()
  expect(await done(id)).toMatchObject({ status: 'completed', output: 'a', commits, hasPatch: true })
  expect(await jobs.patch({ tenant: 't', id })).toEqual(patch)
})

test('[JB14] a run that changed nothing has no commits and no patch', async () => {
  const { submit, done, jobs, workspaces } = openJobs(() => says('a'))
  const id = await submit()
  const job = await done(id)
  expect(job).toMatchObject({ status: 'completed', commits: [], hasPatch: false })
  expect(job).not.toHaveProperty('error')
  expect(await jobs.patch({ tenant: 't', id })).toBeUndefined()
  expect(workspaces.opened[0]?.pushes).toEqual([])
})

test('[JB14] the answer stands where its changes cannot be had, and the job says so', async () => {
  const broken = openJobs(() => says('a'), { changes: () => Promise.reject(trouble) })
  const job = await broken.done(await broken.submit())
  expect(job).toMatchObject({
    status: 'completed',
    output: 'a',
    error: 'What the run changed could not be collected: git did not answer.',
    errorCode: 'workspace_failed',
    hasPatch: false,
  })
  expect(job).not.toHaveProperty('commits')
  expect(broken.observer.of('job-failed').map(({ code }) => code)).toEqual(['workspace_failed'])

  const large = openJobs(() => says('a'), { changes: async () => ({ commits }) })
  expect(await large.done(await large.submit())).toMatchObject({
    status: 'completed',
    output: 'a',
    error: 'What the run changed is too large to be kept as a patch.',
    commits,
    hasPatch: false,
  })
})

test('[JB14] changes that take too long to be collected are given up', async () => {
  const { submit, done, clock } = openJobs(() => says('a'), { changes: () => forever() })
  const id = await submit()
  await clock.untilArmed(120_000)
  await clock.advance(120_000)
  expect(await done(id)).toMatchObject({ status: 'completed', output: 'a', errorCode: 'workspace_failed' })
})

test('[JB14] the work is pushed where that is asked for', async () => {
  const { submit, done, workspaces } = openJobs(() => says('a'), { changes })
  const id = await submit({ pushTo: 'agents/работа' })
  expect(await done(id)).toMatchObject({
    status: 'completed',
    commits,
    hasPatch: true,
    pushed: { branch: 'agents/работа', commit: 'c0ffee' },
  })
  expect(workspaces.opened[0]?.pushes).toEqual([
    { branch: 'agents/работа', message: `Work of recruiter-triage (${id})` },
  ])
})

test('[JB14] a push that fails makes the job fail, and the agent is not asked again; what it did is kept', async () => {
  const error = new GatewayError('workspace_failed', 'The repository refuses the push.')
  const { submit, done, engine, clock, jobs } = openJobs(() => says('a'), {
    changes,
    push: () => Promise.reject(error),
  })
  const id = await submit({ pushTo: 'b' })
  expect(await done(id)).toMatchObject({
    status: 'failed',
    error: 'The repository refuses the push.',
    errorCode: 'workspace_failed',
    output: 'a',
    commits,
    hasPatch: true,
  })
  expect(await jobs.patch({ tenant: 't', id })).toEqual(patch)
  await clock.advance(600_000)
  expect(engine.runs).toHaveLength(1)
})

test('[JB14] where there is nothing to push nothing is told to be pushed', async () => {
  const { submit, done } = openJobs(() => says('a'), { push: async () => undefined })
  const job = await done(await submit({ pushTo: 'b' }))
  expect(job).toMatchObject({ status: 'completed' })
  expect(job).not.toHaveProperty('pushed')
})

test('[JB10] [JB14] one whose job was taken up elsewhere, or cancelled, pushes nothing', async () => {
  const { submit, clock, workspaces, store, get, told } = openJobs(() => says('a'), {
    changes: async () => {
      await store.cancel(id)
      return { patch, commits }
    },
  })
  const id = await submit({ pushTo: 'b' })
  await clock.advance(10_000)
  expect(workspaces.opened.map(({ pushes, isOpen }) => [pushes.length, isOpen])).toEqual([[0, false]])
  expect([(await get(id))?.status, told(id)]).toEqual(['cancelled', ['queued', 'running']])
})

test('[JB12] a job that is cancelled while its work is pushed is over at once', async () => {
  const { submit, clock, jobs, workspaces } = openJobs(() => [text('a'), end('a')], { push: () => forever() })
  const id = await submit({ pushTo: 'b' })
  await clock.untilArmed(120_000)
  await clock.advance(0)
  expect(await jobs.cancel({ tenant: 't', id })).toMatchObject({ status: 'cancelled' })
  expect(workspaces.opened[0]?.isOpen).toBe(false)
})
