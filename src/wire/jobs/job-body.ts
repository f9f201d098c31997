/** A job as callers see it: in `GET /jobs/{id}`, in lists, in callbacks. Times are ISO 8601 in UTC, `null` what is not known. */
import { roundUsd, type Commit, type Job, type JobSummary } from '../../core/index.ts'
import { rawJson, writeJson } from '../../lib/index.ts'
import { encodePlainUsage } from '../plain-usage.ts'

const time = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString())

const encodeCommit = ({ id, subject, author, atMs }: Commit) => ({ id, subject, author, at: time(atMs) })

/** A job in a list, for `writeJson`. */
export const jobSummary = (job: JobSummary) => ({
  job_id: job.id,
  status: job.status,
  agent: job.agent,
  model: job.model,
  priority: job.priority,
  attempt: job.attempt,
  created_at: time(job.createdAtMs),
  started_at: time(job.startedAtMs),
  finished_at: time(job.finishedAtMs),
  error: job.error ?? null,
  error_code: job.errorCode ?? null,
  exit_code: job.exitCode ?? null,
  cost_usd: job.costUsd === undefined ? null : roundUsd(job.costUsd),
  usage: job.usage === undefined ? null : encodePlainUsage(job.usage),
  commits: job.commits?.map(encodeCommit) ?? null,
  pushed: job.pushed === undefined ? null : { branch: job.pushed.branch, commit: job.pushed.commit },
  has_patch: job.hasPatch,
  metadata: rawJson(job.metadata),
})

const jobBody = (job: Job) => ({ ...jobSummary(job), output: job.output ?? null })

export const encodeJob = (job: Job): string => writeJson(jobBody(job))

/** The body of a callback, the same each time that it is told. */
export const encodeJobCallback = (job: Job): string =>
  writeJson({ type: `job.${job.status}`, timestamp: time(job.finishedAtMs), data: jobBody(job) })
