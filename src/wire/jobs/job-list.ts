/** `GET /jobs`. */
import { z } from 'zod'
import { JOB_STATUSES, type JobSummary, type JobFilter, type Page, type PageOptions } from '../../core/index.ts'
import { writeJson } from '../../lib/index.ts'
import { parseFields } from '../problem.ts'
import { jobSummary } from './job-body.ts'

const MAX_LIMIT = 200
const DEFAULT_LIMIT = 50

const LIMIT = `a whole number from 1 to ${MAX_LIMIT} is expected`

const query = z.looseObject({
  status: z.enum(JOB_STATUSES, `one of ${JOB_STATUSES.join(', ')} is expected`).optional(),
  agent: z.string().optional(),
  limit: z
    .string()
    .regex(/^\d+$/, LIMIT)
    .transform(Number)
    .pipe(z.number().min(1, LIMIT).max(MAX_LIMIT, LIMIT))
    .default(DEFAULT_LIMIT),
  after: z.string().optional(),
})

export interface JobListQuery {
  readonly filter: JobFilter
  readonly page: PageOptions
}

/** @throws GatewayError `invalid_request` that names the parameter at fault. */
export function parseJobListQuery(parameters: Readonly<Record<string, string>>): JobListQuery {
  const { status, agent, limit, after } = parseFields(query, parameters)
  return {
    filter: { ...(status === undefined ? {} : { status }), ...(agent === undefined ? {} : { agent }) },
    page: { limit, ...(after === undefined ? {} : { after }) },
  }
}

export const encodeJobList = ({ items, next }: Page<JobSummary>): string =>
  writeJson({ jobs: items.map(jobSummary), next: next ?? null })
