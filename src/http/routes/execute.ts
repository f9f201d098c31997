import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { GatewayError, isTalker, shown, type Agent } from '../../core/index.ts'
import { parseIdempotencyKey, parseJobRequest, type JobRequest } from '../../wire/index.ts'
import type { AppDeps, AppEnv } from '../deps.ts'
import { readJson } from '../read-json.ts'

const digestOf = (request: JobRequest): string => createHash('sha256').update(JSON.stringify(request)).digest('hex')

const refuse = (param: string, problem: string | undefined): void => {
  if (problem !== undefined) throw new GatewayError('invalid_request', `\`${param}\`: ${problem}.`, { param })
}

export function execute({ jobs, catalogue, jobAgent, budgetUsd, doerLimits, callbackProblem, pushProblem }: AppDeps) {
  function agentOf({ agent: name }: JobRequest): Agent {
    if (name === undefined) return jobAgent
    const agent = catalogue.agents.find((each) => each.name === name)
    if (agent !== undefined) return agent
    const offer = catalogue.agents.map((each) => each.name).join(', ')
    throw new GatewayError('model_not_found', `The agent \`${shown(name)}\` does not exist. On offer: ${offer}.`, {
      param: 'agent',
    })
  }

  return async (c: Context<AppEnv>): Promise<Response> => {
    const idempotencyKey = parseIdempotencyKey(c.req.header('idempotency-key'))
    const request = parseJobRequest(readJson(c))
    const { prompt, metadata, priority, callbackUrl, pushTo } = request
    const agent = agentOf(request)
    if (callbackUrl !== undefined) refuse('callback_url', callbackProblem(callbackUrl))
    if (pushTo !== undefined) {
      refuse('push', isTalker(agent) ? `the agent ${agent.name} has no tools and so no work to push` : undefined)
      refuse('push.branch', pushProblem(pushTo))
    }
    const { job } = await jobs.submit({
      tenant: c.get('tenant'),
      agent: agent.name,
      prompt,
      model: agent.model ?? catalogue.defaultModel,
      budgetUsd: request.budgetUsd ?? budgetUsd,
      timeoutMs: request.timeoutMs ?? doerLimits.turnMs,
      metadata,
      priority,
      ...(idempotencyKey === undefined
        ? {}
        : { idempotencyKey, requestDigest: digestOf({ ...request, agent: agent.name }) }),
      ...(callbackUrl === undefined ? {} : { callbackUrl }),
      ...(pushTo === undefined ? {} : { pushTo }),
    })
    return c.json({ job_id: job.id, status: job.status }, 202)
  }
}
