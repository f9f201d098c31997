import type { Context } from 'hono'
import { GatewayError, type Job } from '../../core/index.ts'
import type { JobName } from '../../jobs/index.ts'
import { encodeJob, encodeJobList, parseJobListQuery } from '../../wire/index.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { jobEvents } from './job-events.ts'

const json = (c: Context<AppEnv>, body: string): Response => c.body(body, 200, { 'content-type': 'application/json' })

export function jobRoutes(deps: AppDeps) {
  const { jobs } = deps
  const events = jobEvents(deps)

  const nameOf = (c: Context<AppEnv>): JobName => ({ tenant: c.get('tenant'), id: c.req.param('id') ?? '' })

  function there(job: Job | undefined): Job {
    if (job !== undefined) return job
    throw new GatewayError('not_found', 'There is no such job; finished jobs are kept for a limited time.')
  }

  return {
    async list(c: Context<AppEnv>): Promise<Response> {
      const { filter, page } = parseJobListQuery(c.req.query())
      return json(c, encodeJobList(await jobs.list(c.get('tenant'), filter, page)))
    },
    one: async (c: Context<AppEnv>): Promise<Response> => json(c, encodeJob(there(await jobs.get(nameOf(c))))),
    cancel: async (c: Context<AppEnv>): Promise<Response> => json(c, encodeJob(there(await jobs.cancel(nameOf(c))))),
    async patch(c: Context<AppEnv>): Promise<Response> {
      const name = nameOf(c)
      there(await jobs.get(name))
      const patch = await jobs.patch(name)
      if (patch === undefined) throw new GatewayError('not_found', 'The job has no patch.')
      return c.body(new Uint8Array(patch), 200, { 'content-type': 'text/x-diff; charset=utf-8' })
    },
    events: async (c: Context<AppEnv>): Promise<Response> => events(c, there(await jobs.get(nameOf(c)))),
  }
}
