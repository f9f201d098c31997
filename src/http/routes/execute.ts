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

/** What is asked for, at most the ceiling; without a wish, the default as far as the ceiling allows. */
function within(param: string, wanted: number | undefined, { normal, most, unit = 1 }: Range): number {
  const isOver = wanted !== undefined && wanted > most
  refuse(param, isOver ? `at most ${most / unit} is allowed by the operator of this server` : undefined)
  return wanted ?? Math.min(normal, most)
}

interface Range {
  readonly normal: number
  readonly most: number
  /** Of the caller's figure. */
  readonly unit?: number
}

export function execute(deps: AppDeps) {
  const { jobs, budgetUsd, doerLimits, jobCeilings, callbackProblem, pushProblem } = deps

  function agentOf({ agent: name }: JobRequest): Agent {
    const { catalogue, jobAgent } = deps.offer()
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
    const request = parseJobRequest(readJson(c), c.get('body'))
    const { prompt, metadata, priority, callbackUrl, pushTo } = request
    const agent = agentOf(request)
    const model = agent.model ?? deps.offer().catalogue.defaultModel
    c.get('account').chose({ agent, model })
    if (callbackUrl !== undefined) refuse('callback_url', callbackProblem(callbackUrl))
    if (pushTo !== undefined) {
      refuse('push', isTalker(agent) ? `the agent ${agent.name} has no tools and so no work to push` : undefined)
      refuse('push.branch', pushProblem(pushTo))
    }
    const { job } = await jobs.submit({
      tenant: c.get('tenant'),
      agent: agent.name,
      prompt,
      model,
      budgetUsd: within('max_budget_usd', request.budgetUsd, { normal: budgetUsd, most: jobCeilings.budgetUsd }),
      timeoutMs: within('timeout_seconds', request.timeoutMs, {
        normal: doerLimits.turnMs,
        most: jobCeilings.timeoutMs,
        unit: 1000,
      }),
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
