import { ConfigError, type Config } from './config/index.ts'
import { chooseModel, isTalker, type Agent, type Catalogue } from './core/index.ts'

/** What callers may name, and who answers where they name no agent. */
export interface Offer {
  readonly catalogue: Catalogue
  readonly streamAgent: Agent
  readonly agent: Agent
}

/** Brings the settings and the agents together. @throws ConfigError with every setting that leads nowhere. */
export function offerOf(config: Config, agents: readonly Agent[]): Offer {
  const find = (name: string): Agent | undefined => agents.find((candidate) => candidate.name === name)
  const streamAgent = find(config.VIVAVOCE_STREAM_AGENT)
  const agent = find(config.VIVAVOCE_AGENT)
  const catalogue: Catalogue = {
    models: config.VIVAVOCE_MODELS,
    defaultModel: config.VIVAVOCE_DEFAULT_MODEL,
    aliases: config.VIVAVOCE_MODEL_ALIASES,
    agents,
  }
  const known = agents.map(({ name }) => name).join(', ')
  const problems: string[] = []
  if (streamAgent === undefined) {
    problems.push(`VIVAVOCE_STREAM_AGENT: there is no agent ${config.VIVAVOCE_STREAM_AGENT} (there are ${known})`)
  } else if (!isTalker(streamAgent)) {
    problems.push(`VIVAVOCE_STREAM_AGENT: the agent ${streamAgent.name} has tools; one without is needed`)
  }
  if (agent === undefined)
    problems.push(`VIVAVOCE_AGENT: there is no agent ${config.VIVAVOCE_AGENT} (there are ${known})`)
  for (const { name, model } of agents) {
    if (model === undefined || catalogue.models.includes(model)) continue
    problems.push(`VIVAVOCE_MODELS: the agent ${name} wants the model ${model}, which is not among them`)
  }
  for (const { pattern, target } of catalogue.aliases) {
    if (agent === undefined || chooseModel({ ...catalogue, aliases: [] }, target, agent) !== undefined) continue
    problems.push(`VIVAVOCE_MODEL_ALIASES: ${pattern}=${target} leads to nothing on offer`)
  }
  if (problems.length > 0 || streamAgent === undefined || agent === undefined) throw new ConfigError(problems)
  return { catalogue, streamAgent, agent }
}
