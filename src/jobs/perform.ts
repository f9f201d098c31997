/** One attempt at a job: the agent runs in a workspace of its own, and all that it says and does is relayed. */
import {
  GatewayError,
  isTalker,
  type Agent,
  type Job,
  type JobOutcome,
  type TurnEnd,
  type TurnEngine,
  type TurnEvent,
  type TurnRequest,
} from '../core/index.ts'
import { handIn, type HandInOptions } from './hand-in.ts'
import { limited } from './limited.ts'
import { answerOutcome } from './outcome.ts'
import type { JobWorkspaces } from './ports.ts'
import type { Relay } from './relay.ts'

export interface PerformOptions extends HandInOptions {
  readonly engine: TurnEngine
  readonly workspaces: JobWorkspaces
  readonly relay: Relay
}

/** @throws GatewayError when the turn fails; the signal's reason when it is aborted. */
async function relayed(events: AsyncIterable<TurnEvent>, relay: Relay): Promise<TurnEnd> {
  let end: TurnEnd | undefined
  for await (const event of events) {
    switch (event.type) {
      case 'text-delta':
        await relay.text(event.text)
        break
      case 'tool-use':
        await relay.tool(event)
        break
      case 'call-start':
      case 'call-delta':
        break
      case 'turn-end':
        end = event
        break
      case 'turn-failed':
        throw event.error
    }
  }
  if (end === undefined) throw new Error('the engine ended a turn without an end')
  return end
}

const requestOf = (job: Job, agent: Agent, turnMs: number): TurnRequest => ({
  tenant: job.tenant,
  agent,
  model: job.model,
  history: [{ role: 'user', text: job.prompt }],
  limits: { turnMs },
  budgetUsd: job.budgetUsd,
})

/** The time limit of the job is for its workspace and its run together. Process and workspace are gone when this settles. */
export async function perform(job: Job, agent: Agent, options: PerformOptions): Promise<JobOutcome> {
  const { engine, workspaces, relay, clock, signal } = options
  if (isTalker(agent)) {
    return answerOutcome(await relayed(engine.run(requestOf(job, agent, job.timeoutMs), { signal }), relay))
  }
  const sinceMs = clock.nowMs()
  await using workspace = await limited(
    (within) => workspaces.open({ signal: within, source: workspaces.sourceOf(agent) }),
    {
      ms: job.timeoutMs,
      late: new GatewayError('timeout', 'The workspace of the run was not there in time.'),
      clock,
      signal,
    },
  )
  const turnMs = Math.max(1, job.timeoutMs - (clock.nowMs() - sinceMs))
  const { directory, overgrown } = workspace
  const within = AbortSignal.any([signal, overgrown])
  const run = engine.run({ ...requestOf(job, agent, turnMs), directory }, { signal: within })
  return await handIn(answerOutcome(await relayed(run, relay)), workspace, job, options)
}
