/** One tenant takes all that it can get; another one is served all the same. */
import { request, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Observation } from '../../src/core/index.ts'
import { jobsOn } from '../support/jobs-on-stage.ts'
import { KEY, startStage, until, type Stage } from '../support/stage.ts'
import { readStream } from '../support/stream.ts'
import { scaled } from './scale.ts'

const QUIET_KEY = 'key-of-the-quiet-tenant'
const QUIET = { authorization: `Bearer ${QUIET_KEY}` }
const SLOTS = 4
const WAITING = 4
const TURN_SECONDS = scaled({ full: 8, short: 5 })
const WRITE_SECONDS = TURN_SECONDS + 2
/** More than the sockets, the pipes and the CLI take before somebody reads. */
const ENDLESS = 'count to 60000 [rehearse slow=0]'

const body = (text: string) => ({ model: 'haiku', stream: true, messages: [{ role: 'user', content: text }] })

let stage: Stage
beforeAll(async () => {
  stage = await startStage({
    env: {
      MAX_CONCURRENCY: String(SLOTS),
      VIVAVOCE_JOB_CONCURRENCY: '2',
      MAX_QUEUE_DEPTH: String(WAITING),
      CONVERSATIONAL_TIMEOUT_SECONDS: String(TURN_SECONDS),
      VIVAVOCE_WRITE_TIMEOUT_SECONDS: String(WRITE_SECONDS),
      VIVAVOCE_TENANTS: `quiet=${QUIET_KEY}`,
    },
  })
})
afterAll(() => stage.close())

interface Health {
  readonly active: number
  readonly queued: number
}
const health = async (): Promise<Health> => (await (await stage.fetch('/health')).json()) as Health

const quiet = async (text: string): Promise<string> => {
  const reply = await stage.fetch('/v1/chat/completions', { body: body(`say exactly: ${text}`), headers: QUIET })
  return (await readStream(reply)).text
}

/** A stream of which the headers are read and nothing else. */
async function unread(): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(
      `${stage.gateway.url}/v1/chat/completions`,
      { method: 'POST', headers: { authorization: `Bearer ${KEY}` } },
      resolve,
    )
    sent.once('error', reject)
    sent.end(JSON.stringify(body(ENDLESS)))
  })
  response.on('error', () => undefined)
  return response.pause()
}

const stalled = (): number => stage.observations.filter(({ type }) => type === 'client-stalled').length

test('[AD12] [ST19] streams that nobody reads lose their slots at the turn limit, then their connections', async () => {
  const streams = await Promise.all(Array.from({ length: SLOTS - 1 }, unread))
  onTestFinished(() => {
    for (const stream of streams) stream.destroy()
  })
  expect(await quiet('аз съм тук')).toBe('аз съм тук')
  await until(async () => (await health()).active === 0)
  // Their connections are still open.
  expect(stalled()).toBe(0)
  // On a busy machine the sockets may not be full at the limit; such a stream ends there by itself.
  const isOver = (seen: Observation): boolean => seen.type === 'request-finished' && seen.code === 'timeout'
  await until(() => stalled() + stage.observations.filter(isOver).length === streams.length)
  expect(stalled()).toBeGreaterThan(0)
})

test('[AD7] slow streams of one tenant on every slot it gets leave another tenant’s turn its slot', async () => {
  const leaving = new AbortController()
  const loud = Array.from({ length: SLOTS + WAITING }, async () => {
    const options = { body: body('count to 60 [rehearse slow=100]'), signal: leaving.signal }
    await (await stage.fetch('/v1/chat/completions', options)).text()
  })
  const ended = Promise.allSettled(loud)
  await until(async () => (await health()).queued >= WAITING)
  expect(await quiet('веднага')).toBe('веднага')
  // The loud tenant still has every slot that it had.
  expect(await health()).toMatchObject({ active: SLOTS - 1 })
  leaving.abort()
  await ended
})

test('[AD8] a tenant that fills the queue of requests is refused itself, and no other tenant is', async () => {
  await until(async () => (await health()).active === 0)
  const leaving = new AbortController()
  const hang = (): Promise<unknown> =>
    stage.fetch('/v1/chat/completions', { body: body('[rehearse hang=1] hi'), signal: leaving.signal })
  const loud = Promise.allSettled(Array.from({ length: SLOTS - 1 + WAITING }, hang))
  await until(async () => (await health()).queued === WAITING)
  const refused = await stage.fetch('/v1/chat/completions', { body: body('one too many') })
  expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'queue_full' } }])
  expect(await Promise.all(['едно', 'две', 'три'].map(quiet))).toEqual(['едно', 'две', 'три'])
  leaving.abort()
  await loud
})

test('[AD5] [AD8] [JB18] hanging jobs of one tenant leave another tenant’s chat and jobs their slots', async () => {
  await until(async () => (await health()).active === 0)
  const { submit, reached } = jobsOn(() => stage)
  const hanging = { agent: 'conversational', timeout_seconds: 82_800 }
  const ids = [await submit('[rehearse hang=1] hi', hanging)]
  await reached(ids[0] ?? '', 'running')
  for (let job = 0; job < WAITING; job++) ids.push(await submit('[rehearse hang=1] hi', hanging))
  const refused = await stage.fetch('/execute', { body: { prompt: 'one too many' } })
  expect([refused.status, await refused.json()]).toMatchObject([429, { code: 'job_queue_full' }])

  expect(await quiet('чат')).toBe('чат')
  const other = await submit('say exactly: задача', { agent: 'conversational' }, QUIET)
  const done = await until(async () => {
    const job = (await (await stage.fetch(`/jobs/${other}`, { headers: QUIET })).json()) as { status: string }
    return job.status !== 'queued' && job.status !== 'running' && job
  })
  expect(done).toMatchObject({ status: 'completed', output: 'задача' })
  const list = (await (await stage.fetch('/jobs?status=running')).json()) as { readonly jobs: readonly object[] }
  expect(list.jobs).toMatchObject([{ job_id: ids[0] }])
  for (const id of ids.toReversed()) await stage.fetch(`/jobs/${id}`, { method: 'DELETE' })
})
