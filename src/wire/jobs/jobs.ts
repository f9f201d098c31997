/** `POST /execute` and `GET /jobs/{id}`. */
import { z } from 'zod'
import type { Job } from '../../core/index.ts'
import { invalidBody } from '../problem.ts'

const MAX_TIMEOUT_SECONDS = 86_400

const body = z.looseObject({
  prompt: z.string('a string is expected').refine((text) => text.trim() !== '', 'a prompt must not be empty'),
  agent: z.string('the name of an agent is expected').min(1, 'the name of an agent is expected'),
  max_budget_usd: z.number('a number is expected').positive('more than 0 is expected').nullish(),
  timeout_seconds: z
    .number('a number is expected')
    .positive('more than 0 is expected')
    .max(MAX_TIMEOUT_SECONDS, `at most ${MAX_TIMEOUT_SECONDS} is expected`)
    .nullish(),
  metadata: z
    .custom<Readonly<Record<string, unknown>>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'an object is expected',
    )
    .nullish(),
})

export interface JobRequest {
  readonly prompt: string
  readonly agent: string
  readonly budgetUsd: number | undefined
  readonly timeoutMs: number | undefined
  readonly metadata: Readonly<Record<string, unknown>>
}

/** @throws GatewayError `invalid_request` that names the field at fault. */
export function parseJobRequest(json: unknown): JobRequest {
  const parsed = body.safeParse(json)
  if (!parsed.success) throw invalidBody(parsed.error)
  const { prompt, agent, max_budget_usd, timeout_seconds, metadata } = parsed.data
  return {
    prompt,
    agent,
    budgetUsd: max_budget_usd ?? undefined,
    timeoutMs: timeout_seconds == null ? undefined : Math.max(1, Math.round(timeout_seconds * 1000)),
    metadata: metadata ?? {},
  }
}

const time = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString())

/** A job as callers see it; times are ISO 8601 in UTC, `null` what is not known. */
export const encodeJob = (job: Job) => ({
  job_id: job.id,
  status: job.status,
  agent: job.agent,
  model: job.model,
  created_at: time(job.createdAtMs),
  started_at: time(job.startedAtMs),
  finished_at: time(job.finishedAtMs),
  output: job.output ?? null,
  error: job.error ?? null,
  exit_code: job.exitCode ?? null,
  cost_usd: job.costUsd ?? null,
  metadata: job.metadata,
})
