import { z } from 'zod'
import { COMMON_USAGE, openClient, parseWords, type ClientCommand } from '../client-command.ts'
import { UsageError } from '../command-error.ts'
import { limitOption } from '../number-option.ts'
import { pages } from '../pages.ts'
import { printPages } from '../print-pages.ts'
import { jobSchema, took, type ShownJob } from './job.ts'

const DEFAULT_LIMIT = 50

const USAGE = `usage: vivavoce jobs list [options]

Lists jobs, the newest first.

  --status STATUS      only those that are queued, running, completed, failed, timeout, error or cancelled
  --agent NAME         only those of this agent
  --limit N            at most so many (else ${DEFAULT_LIMIT})
  --all                all there are
${COMMON_USAGE}
                       (an array; with --all a line for each job)
`

const pageSchema = z.looseObject({ jobs: z.array(jobSchema), next: z.string().nullable() })

const rowOf = (job: ShownJob, nowMs: number): readonly string[] => [
  job.job_id,
  job.status,
  job.created_at.replace(/\.\d+Z$/, 'Z'),
  took(job, nowMs),
  job.cost_usd == null ? '' : `$${job.cost_usd.toFixed(4)}`,
  job.agent,
]

export const list: ClientCommand = {
  usage: USAGE,
  async run(args, world) {
    const { values, positionals } = parseWords(args, {
      status: { type: 'string' },
      agent: { type: 'string' },
      limit: { type: 'string' },
      all: { type: 'boolean' },
    })
    if (positionals.length > 0) throw new UsageError(`too many words: ${positionals.join(' ')}`)
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
}
