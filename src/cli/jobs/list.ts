import { z } from 'zod'
import { clientOptions, openClient } from '../client-command.ts'
import { defineCommand } from '../command-line/index.ts'
import { limitOption } from '../number-option.ts'
import { pages } from '../pages.ts'
import { printPages } from '../print-pages.ts'
import { jobSchema, took, type ShownJob } from './job.ts'

const DEFAULT_LIMIT = 50

const pageSchema = z.looseObject({ jobs: z.array(jobSchema), next: z.string().nullable() })

const rowOf = (job: ShownJob, nowMs: number): readonly string[] => [
  job.job_id,
  job.status,
  job.created_at.replace(/\.\d+Z$/, 'Z'),
  took(job, nowMs),
  job.cost_usd == null ? '' : `$${job.cost_usd.toFixed(4)}`,
  job.agent,
]

export const list = defineCommand({
  name: 'jobs list',
  summary: 'List jobs, the newest first',
  description: 'List jobs, the newest first.',
  options: {
    status: {
      type: 'string',
      value: 'STATUS',
      help: 'Only jobs that are queued, running, completed, failed, timeout, error or cancelled',
    },
    agent: { type: 'string', value: 'NAME', help: 'Only jobs of this agent' },
    limit: { type: 'string', value: 'N', help: 'List at most this many', fallback: String(DEFAULT_LIMIT) },
    all: { type: 'boolean', help: 'List all jobs; with --json, print a line for each' },
    ...clientOptions('an array'),
  },
  examples: ['vivavoce jobs list --status running', 'vivavoce jobs list --all --json'],
  async run({ values }, world) {
    const limit = limitOption(values, DEFAULT_LIMIT)
    const { client } = openClient(values, world)
    const { status, agent } = values
    const asked = pages(
      async (query) => {
        const page = await client.ask(pageSchema, '/jobs', { query: { status, agent, ...query }, signal: world.signal })
        return { items: page.jobs, next: page.next }
      },
      { limit },
    )
    const nowMs = world.clock.nowMs()
    const { json = false, all = false } = values
    const heading = ['JOB', 'STATUS', 'CREATED', 'TOOK', 'COST', 'AGENT']
    await printPages(asked, { json, all, none: 'no jobs', heading, rowOf: (job) => rowOf(job, nowMs) }, world)
    return 0
  },
})
