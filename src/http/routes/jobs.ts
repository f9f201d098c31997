import type { Context } from 'hono'
import { GatewayError, shown } from '../../core/index.ts'
import { encodeJob, parseJobRequest } from '../../wire/index.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { readJson } from '../read-json.ts'

export function jobRoutes({ jobs, catalogue, budgetUsd, doerLimits }: AppDeps) {
  return {
    async execute(c: Context<AppEnv>): Promise<Response> {
      const order = parseJobRequest(readJson(c))
      const agent = catalogue.agents.find(({ name }) => name === order.agent)
      if (agent === undefined) {
        const offer = catalogue.agents.map(({ name }) => name).join(', ')
        throw new GatewayError(
          'model_not_found',
          `The agent \`${shown(order.agent)}\` does not exist. On offer: ${offer}.`,
          {
            param: 'agent',
          },
        )
      }
      const job = await jobs.submit({
        tenant: c.get('tenant'),
        agent,
        prompt: order.prompt,
        model: agent.model ?? catalogue.defaultModel,
        budgetUsd: order.budgetUsd ?? budgetUsd,
        timeoutMs: order.timeoutMs ?? doerLimits.turnMs,
        metadata: order.metadata,
      })
      return c.json({ job_id: job.id, status: job.status }, 202)
    },
    async one(c: Context<AppEnv>): Promise<Response> {
      const job = await jobs.find(c.req.param('id') ?? '')
      if (job === undefined || job.tenant !== c.get('tenant'))
        throw new GatewayError('not_found', 'There is no such job; finished jobs are kept for a limited time.')
      return c.json(encodeJob(job))
    },
  }
}
