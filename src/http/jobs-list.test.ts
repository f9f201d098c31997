import { expect, test } from 'vitest'
import { OTHER } from '../../test/support/open-app.ts'
import { openJobApp } from '../../test/support/open-job-app.ts'
import { forever, says } from '../../test/support/scripted-engine.ts'

interface List {
  readonly jobs: readonly { readonly job_id: string; readonly status: string }[]
  readonly next: string | null
}

const open = (...args: Parameters<typeof openJobApp>) => {
  const opened = openJobApp(...args)
  const list = async (query: string, init?: RequestInit): Promise<List> => {
    const reply = await opened.request(`/jobs${query}`, init)
    expect(reply.status).toBe(200)
    return (await reply.json()) as List
  }
  return { ...opened, list, ids: async (query: string) => (await list(query)).jobs.map((job) => job.job_id) }
}

test('[JB7] jobs are listed newest first, page by page, without their outputs', async () => {
  const { submit, reached, list, look } = open(() => says('a'))
  expect(await list('')).toEqual({ jobs: [], next: null })
  const ids: string[] = []
  for (let index = 0; index < 5; index++) ids.unshift(await submit())
  for (const id of ids) await reached(id, 'completed')
  const first = await list('?limit=2')
  expect(first.jobs.map((job) => job.job_id)).toEqual(ids.slice(0, 2))
  const second = await list(`?limit=2&after=${first.next}`)
  const third = await list(`?limit=2&after=${second.next}`)
  expect([...second.jobs, ...third.jobs].map((job) => job.job_id)).toEqual(ids.slice(2))
  expect(third.next).toBeNull()
  const { output, ...rest } = (await look(ids[0] ?? '')) as { readonly output: string }
  expect(output).toBe('a')
  expect(first.jobs[0]).toStrictEqual(rest)
})

test('[JB7] a list is filtered, and holds the caller’s own jobs only', async () => {
  const { submit, request, reached, ids, list } = open((_, index) => (index === 0 ? says('a') : [forever()]), {
    capacity: 1,
  })
  const done = await submit()
  await reached(done, 'completed')
  const running = await submit({ agent: 'conversational' })
  await reached(running, 'running')
  const queued = await submit()
  await submit({}, OTHER)
  expect(await ids('')).toEqual([queued, running, done])
  expect(await ids('?status=completed')).toEqual([done])
  expect(await ids('?status=queued')).toEqual([queued])
  expect(await ids('?agent=conversational')).toEqual([running])
  expect(await ids('?agent=recruiter-triage&status=running')).toEqual([])
  expect((await list('', OTHER)).jobs).toHaveLength(1)
  expect((await request('/jobs', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
})

test('[JB7] a status or a limit that is none is 400 that names it', async () => {
  const { request } = open(() => [])
  for (const [query, detail] of [
    ['?status=done', '`status`: one of queued, running, completed, failed, timeout, error, cancelled is expected.'],
    ['?limit=0', '`limit`: a whole number from 1 to 200 is expected.'],
    ['?limit=201', '`limit`: a whole number from 1 to 200 is expected.'],
    ['?limit=x', '`limit`: a whole number from 1 to 200 is expected.'],
  ] as const) {
    const reply = await request(`/jobs${query}`)
    expect([reply.status, await reply.json()]).toMatchObject([400, { code: 'invalid_request', detail }])
  }
})
