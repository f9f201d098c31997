/** Jobs as rows and back. */
import { createHash } from 'node:crypto'
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Job, JobOrder, JobOutcome, JobSummary } from '../core/index.ts'
import type { Schema } from './schema.ts'
import { fromColumn, toColumn } from './text.ts'

type Row = Selectable<Schema['jobs']>

/** The same for the same order, whenever it comes. */
const digestOf = ({ idempotencyKey: _key, requestDigest, ...order }: JobOrder): string =>
  requestDigest ??
  createHash('sha256')
    .update(JSON.stringify(Object.entries(order).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex')

export const toRow = (id: string, order: JobOrder): Insertable<Schema['jobs']> => ({
  id,
  tenant: toColumn(order.tenant),
  agent: toColumn(order.agent),
  prompt: toColumn(order.prompt),
  model: order.model,
  budget_usd: order.budgetUsd,
  timeout_ms: order.timeoutMs,
  priority: order.priority,
  metadata: order.metadata,
  idempotency_key: order.idempotencyKey ?? null,
  order_digest: digestOf(order),
  callback_url: order.callbackUrl === undefined ? null : toColumn(order.callbackUrl),
  push_to: order.pushTo ?? null,
  status: 'queued',
})

const outcomeRow = ({ patch, ...outcome }: JobOutcome): Updateable<Schema['jobs']> => ({
  status: outcome.status,
  output: outcome.output === undefined ? null : toColumn(outcome.output),
  error: outcome.error === undefined ? null : toColumn(outcome.error),
  error_code: outcome.errorCode ?? null,
  exit_code: outcome.exitCode ?? null,
  cost_usd: outcome.costUsd ?? null,
  usage: outcome.usage === undefined ? null : JSON.stringify(outcome.usage),
  commits: outcome.commits === undefined ? null : JSON.stringify(outcome.commits),
  pushed: outcome.pushed === undefined ? null : JSON.stringify(outcome.pushed),
  has_patch: patch !== undefined,
})

/** How a job ends. */
export type JobEnd = JobOutcome | { readonly status: 'cancelled' }

/** What an end writes. */
export const toEndedRow = (end: JobEnd): Updateable<Schema['jobs']> =>
  end.status === 'cancelled' ? { status: end.status } : outcomeRow(end)

const present = <K extends string, T>(key: K, value: T | null): { readonly [P in K]?: T } =>
  value === null ? {} : ({ [key]: value } as { readonly [P in K]: T })

const SUMMARY = [
  'id',
  'number',
  'tenant',
  'agent',
  'model',
  'budget_usd',
  'timeout_ms',
  'priority',
  'metadata',
  'idempotency_key',
  'callback_url',
  'push_to',
  'status',
  'attempt',
  'failures',
  'created_at',
  'started_at',
  'finished_at',
  'error',
  'error_code',
  'exit_code',
  'cost_usd',
  'usage',
  'commits',
  'pushed',
  'has_patch',
] as const

/** All that a list tells, without what may be large. */
export const SUMMARY_COLUMNS: readonly (typeof SUMMARY)[number][] = SUMMARY

export const toSummary = (row: Pick<Row, (typeof SUMMARY)[number]>): JobSummary => ({
  id: row.id,
  tenant: fromColumn(row.tenant),
  agent: fromColumn(row.agent),
  model: row.model,
  budgetUsd: row.budget_usd,
  timeoutMs: row.timeout_ms,
  priority: row.priority,
  metadata: row.metadata,
  ...present('idempotencyKey', row.idempotency_key),
  ...present('callbackUrl', row.callback_url === null ? null : fromColumn(row.callback_url)),
  ...present('pushTo', row.push_to),
  status: row.status,
  attempt: row.attempt,
  failures: row.failures,
  createdAtMs: row.created_at.getTime(),
  ...present('startedAtMs', row.started_at === null ? null : row.started_at.getTime()),
  ...present('finishedAtMs', row.finished_at === null ? null : row.finished_at.getTime()),
  ...present('error', row.error === null ? null : fromColumn(row.error)),
  ...present('errorCode', row.error_code),
  ...present('exitCode', row.exit_code),
  ...present('costUsd', row.cost_usd),
  ...present('usage', row.usage),
  ...present('commits', row.commits),
  ...present('pushed', row.pushed),
  hasPatch: row.has_patch,
})

export const toJob = (row: Row): Job => ({
  ...toSummary(row),
  prompt: fromColumn(row.prompt),
  ...present('output', row.output === null ? null : fromColumn(row.output)),
})
