import type { AgentSource } from './agents/index.ts'
import { ConfigError, type Config } from './config/index.ts'
import { chooseModel, defaultAliases, isTalker, type Agent, type Catalogue, type Offer } from './core/index.ts'

/** The agent of jobs, where the operator names none. */
const JOB_AGENT = 'recruiter-triage'

/** Where the agents are read from. An agent that a setting names may come from the built-in ones. */
export const agentSourceOf = (config: Config): AgentSource => ({
  directory: config.VIVAVOCE_AGENTS_DIR,
  needed: [config.VIVAVOCE_STREAM_AGENT, config.VIVAVOCE_AGENT ?? JOB_AGENT],
})

/** Brings the settings and the agents together. @throws ConfigError with every setting that leads nowhere. */
export function offerOf(config: Config, agents: readonly Agent[]): Offer {
  const find = (name: string): Agent | undefined => agents.find((candidate) => candidate.name === name)
  const chatAgent = find(config.VIVAVOCE_STREAM_AGENT)
  const jobAgentName = config.VIVAVOCE_AGENT ?? JOB_AGENT
  const jobAgent = find(jobAgentName)
  // The service that this product replaces ran a tool agent for every request that is not streamed; its operators set these.
  const hasToolSetup = config.VIVAVOCE_AGENT !== undefined || config.VIVAVOCE_WORKSPACE_REPO !== undefined
  const models = config.VIVAVOCE_MODELS
  const defaultModel = config.VIVAVOCE_DEFAULT_MODEL
  const ownAliases = config.VIVAVOCE_MODEL_ALIASES ?? []
  const catalogue: Catalogue = {
    models,
    defaultModel,
    aliases: [...ownAliases, ...(config.VIVAVOCE_DEFAULT_ALIASES ? defaultAliases({ models, defaultModel }) : [])],
    agents,
  }
  const known = agents.map(({ name }) => name).join(', ')
  const problems: string[] = []
  if (chatAgent === undefined) {
    problems.push(`VIVAVOCE_STREAM_AGENT: there is no agent ${config.VIVAVOCE_STREAM_AGENT} (there are ${known})`)
  } else if (!isTalker(chatAgent)) {
    problems.push(`VIVAVOCE_STREAM_AGENT: the agent ${chatAgent.name} has tools; one without is needed`)
  }
  if (jobAgent === undefined) problems.push(`VIVAVOCE_AGENT: there is no agent ${jobAgentName} (there are ${known})`)
  for (const { name, model } of agents) {
    if (model === undefined || catalogue.models.includes(model)) continue
    problems.push(`VIVAVOCE_MODELS: the agent ${name} wants the model ${model}, which is not among them`)
  }
  for (const { pattern, target } of ownAliases) {
    if (jobAgent === undefined || chooseModel({ ...catalogue, aliases: [] }, target, jobAgent) !== undefined) continue
    problems.push(`VIVAVOCE_MODEL_ALIASES: ${pattern}=${target} leads to nothing on offer`)
  }
  if (problems.length > 0 || chatAgent === undefined || jobAgent === undefined) throw new ConfigError(problems)
  return { catalogue, chatAgent, unstreamedAgent: hasToolSetup ? jobAgent : chatAgent, jobAgent }
}
