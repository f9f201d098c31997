/** The edge with what tests of jobs ask of it. */
import { expect } from 'vitest'
import type { JobStatus } from '../../src/core/index.ts'
import { openApp } from './open-app.ts'

export const jobOrder = { prompt: 'Проучи', agent: 'recruiter-triage' }

export const openJobApp = (...args: Parameters<typeof openApp>) => {
  const opened = openApp(...args)
  const submit = async (fields: object = {}, init: RequestInit = {}): Promise<string> => {
    const reply = await opened.post('/execute', { ...jobOrder, ...fields }, init)
    expect(reply.status).toBe(202)
    const { job_id: id, ...rest } = (await reply.json()) as { readonly job_id: string }
    expect([id, rest]).toEqual([expect.stringMatching(/^job_[0-9a-f]{32}$/), { status: 'queued' }])
    return id
  }
  return {
    ...opened,
    submit,
    look: async (id: string): Promise<unknown> => (await opened.request(`/jobs/${id}`)).json(),
    reached: (id: string, status: JobStatus) =>
      opened.observer.until((seen) => seen.type === 'job-changed' && seen.jobId === id && seen.status === status),
  }
}
