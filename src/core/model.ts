import type { Agent } from './agent.ts'

/** What callers may name in `model`. */
export interface Catalogue {
  /** Model names as the CLI takes them. */
  readonly models: readonly string[]
  readonly defaultModel: string
  /** Foreign names, `*` standing for any text, in the order in which they are tried. */
  readonly aliases: readonly { readonly pattern: string; readonly target: string }[]
  readonly agents: readonly Agent[]
}

export interface Choice {
  /** The name that answers carry: the model, or `agent/model` where the caller chose the agent. */
  readonly id: string
  readonly agent: Agent
  readonly model: string
}

/** No name on offer is longer; matching aliases takes more than linear time. */
const MAX_NAME_CHARACTERS = 500

const matches = (pattern: string, name: string): boolean => {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name)
}

const aliasOf = ({ aliases }: Catalogue, name: string): string | undefined =>
  aliases.find(({ pattern }) => matches(pattern, name))?.target

/** A name as it stands: a model, or `agent/model` whose model may be an alias. */
function chooseDirectly(catalogue: Catalogue, name: string, defaultAgent: Agent): Choice | undefined {
  const { models, agents } = catalogue
  if (models.includes(name)) return { id: name, agent: defaultAgent, model: name }
  const agent = agents.find((candidate) => name.startsWith(`${candidate.name}/`))
  if (agent === undefined) return undefined
  const rest = name.slice(agent.name.length + 1)
  const model = models.includes(rest) ? rest : aliasOf(catalogue, rest)
  return model !== undefined && models.includes(model) ? { id: `${agent.name}/${model}`, agent, model } : undefined
}

/**
 * The agent and model behind a name: a model, `agent/model`, or an alias of either; no name takes the defaults.
 * `undefined` when there is no such thing. A name on offer goes before an alias; an alias does not lead to another.
 */
export function chooseModel(catalogue: Catalogue, name: string | undefined, defaultAgent: Agent): Choice | undefined {
  const wanted = name ?? defaultAgent.model ?? catalogue.defaultModel
  if (wanted.length > MAX_NAME_CHARACTERS) return undefined
  const direct = chooseDirectly(catalogue, wanted, defaultAgent)
  if (direct !== undefined) return direct
  const target = aliasOf(catalogue, wanted)
  return target === undefined ? undefined : chooseDirectly(catalogue, target, defaultAgent)
}

/** Every name on offer, the plain models first. */
export const modelIds = ({ models, agents }: Catalogue): readonly string[] => [
  ...models,
  ...agents.flatMap((agent) => models.map((model) => `${agent.name}/${model}`)),
]
