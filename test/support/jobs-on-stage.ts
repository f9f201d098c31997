/** What end-to-end tests ask of a gateway about jobs. */
import { expect } from 'vitest'
import { until, type Stage } from './stage.ts'

export interface JobView {
  readonly job_id: string
  readonly status: string
  readonly attempt: number
  readonly output: string | null
  readonly error: string | null
  readonly error_code: string | null
  readonly started_at: string | null
  readonly commits: readonly { readonly subject: string }[] | null
  readonly has_patch: boolean
}

export interface EventView {
  readonly id: string
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/** The events of a stream's text. */
export const eventsIn = (text: string): readonly EventView[] =>
  text
    .split('\n\n')
    .filter((frame) => frame.startsWith('id: '))
    .map((frame) => {
      const [, id = '', event = '', data = ''] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/s.exec(frame) ?? []
      return { id, event, data: JSON.parse(data) as EventView['data'] }
    })

export const jobsOn = (stage: () => Stage) => {
  const look = async (id: string): Promise<JobView> => (await (await stage().fetch(`/jobs/${id}`)).json()) as JobView
  return {
    async submit(prompt: string, extra: object = {}, headers: Record<string, string> = {}): Promise<string> {
      const body = { prompt, agent: 'recruiter-triage', ...extra }
      const response = await stage().fetch('/execute', { body, headers })
      const taken = (await response.json()) as { readonly job_id: string }
      expect([response.status, taken]).toEqual([202, { job_id: expect.stringMatching(/^job_/), status: 'queued' }])
      return taken.job_id
    },
    look,
    reached: (id: string, ...statuses: readonly string[]): Promise<JobView> =>
      until(async () => {
        const job = await look(id)
        return statuses.includes(job.status) && job
      }),
    ended: (id: string): Promise<JobView> =>
      until(async () => {
        const job = await look(id)
        return job.status !== 'queued' && job.status !== 'running' && job
      }),
  }
}
