/** A job as callers see it: in `GET /jobs/{id}`, in lists, in callbacks. Times are ISO 8601 in UTC, `null` what is not known. */
import type { Commit, Job, Usage } from '../../core/index.ts'

const time = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString())

const encodeUsage = (usage: Usage) => ({
  input_tokens: usage.inputTokens,
  cache_read_tokens: usage.cacheReadTokens,
  cache_write_tokens: usage.cacheWriteTokens,
  output_tokens: usage.outputTokens,
  reasoning_tokens: usage.reasoningTokens,
})

const encodeCommit = ({ id, subject, author, atMs }: Commit) => ({ id, subject, author, at: time(atMs) })

export const encodeJob = (job: Job) => ({
  job_id: job.id,
  status: job.status,
  agent: job.agent,
  model: job.model,
  priority: job.priority,
  attempt: job.attempt,
  created_at: time(job.createdAtMs),
  started_at: time(job.startedAtMs),
  finished_at: time(job.finishedAtMs),
  output: job.output ?? null,
  error: job.error ?? null,
  error_code: job.errorCode ?? null,
  exit_code: job.exitCode ?? null,
  cost_usd: job.costUsd ?? null,
  usage: job.usage === undefined ? null : encodeUsage(job.usage),
  commits: job.commits?.map(encodeCommit) ?? null,
  pushed: job.pushed === undefined ? null : { branch: job.pushed.branch, commit: job.pushed.commit },
  has_patch: job.hasPatch,
  metadata: job.metadata,
})

/** The same without the output. */
export function encodeJobSummary(job: Job) {
  const { output: _, ...rest } = encodeJob(job)
  return rest
}

/** The body of a callback, the same each time that it is told. */
export const encodeJobCallback = (job: Job): string =>
  JSON.stringify({ type: `job.${job.status}`, timestamp: time(job.finishedAtMs), data: encodeJob(job) })
