import { z } from 'zod'
import { isTerminal, JOB_STATUSES, type JobStatus } from '../../core/index.ts'
import { CommandError } from '../command-error.ts'
import { elapsed } from '../elapsed.ts'

/** A job as the server tells it: what is read here, and whatever else there is. */
export const jobSchema = z.looseObject({
  job_id: z.string(),
  status: z.enum(JOB_STATUSES),
  agent: z.string(),
  created_at: z.string(),
  started_at: z.string().nullish(),
  finished_at: z.string().nullish(),
  output: z.string().nullish(),
  error: z.string().nullish(),
  cost_usd: z.number().nullish(),
  commits: z.array(z.looseObject({ id: z.string() })).nullish(),
  pushed: z.looseObject({ branch: z.string() }).nullish(),
})

export type ShownJob = z.output<typeof jobSchema>

/** @throws CommandError `not_found` for what cannot be the id of a job, and might lead to another path. */
export function jobPath(id: string): string {
  if (/^[\w-]+$/.test(id)) return `/jobs/${id}`
  throw new CommandError(`\`${id}\` is not the id of a job`, { code: 'not_found' })
}

/** How long it ran, or has been running. */
export function took({ started_at, finished_at }: ShownJob, nowMs: number): string {
  if (started_at == null) return ''
  return elapsed((finished_at == null ? nowMs : Date.parse(finished_at)) - Date.parse(started_at))
}

export const exitCodeOf = (status: JobStatus): number => (status === 'completed' ? 0 : 1)

/** `completed in 12s, $0.0312, 2 commits, pushed to main`. */
export function outcomeOf(job: ShownJob): string {
  const { status, error, cost_usd: cost, commits, pushed } = job
  if (!isTerminal(job)) return status
  const time = took(job, Date.parse(job.created_at))
  const count = commits?.length ?? 0
  return [
    `${status}${time === '' ? '' : ` in ${time}`}`,
    ...(cost == null ? [] : [`$${cost.toFixed(4)}`]),
    ...(count === 0 ? [] : [`${count} ${count === 1 ? 'commit' : 'commits'}`]),
    ...(pushed == null ? [] : [`pushed to ${pushed.branch}`]),
  ]
    .join(', ')
    .concat(error == null ? '' : `: ${error}`)
}
