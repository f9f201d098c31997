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

const matches = (pattern: string, name: string): boolean => {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name)
}

const modelNamed = (catalogue: Catalogue, name: string): string | undefined =>
  catalogue.models.includes(name) ? name : catalogue.aliases.find(({ pattern }) => matches(pattern, name))?.target

/**
 * The agent and model behind a name: a model, an alias, or `agent/model`; no name takes the defaults. `undefined` when
 * there is no such thing. An alias may lead to `agent/model`, not to another alias.
 */
export function chooseModel(catalogue: Catalogue, name: string | undefined, defaultAgent: Agent): Choice | undefined {
  const wanted = name ?? defaultAgent.model ?? catalogue.defaultModel
  const direct = modelNamed(catalogue, wanted)
  const target = direct ?? wanted
  if (catalogue.models.includes(target)) return { id: target, agent: defaultAgent, model: target }
  const slash = target.indexOf('/')
  const agent = slash < 0 ? undefined : catalogue.agents.find((candidate) => candidate.name === target.slice(0, slash))
  const model = slash < 0 ? undefined : modelNamed(catalogue, target.slice(slash + 1))
  if (agent === undefined || model === undefined || !catalogue.models.includes(model)) return undefined
  return { id: `${agent.name}/${model}`, agent, model }
}

/** Every name on offer, the plain models first. */
export const modelIds = ({ models, agents }: Catalogue): readonly string[] => [
  ...models,
  ...agents.flatMap((agent) => models.map((model) => `${agent.name}/${model}`)),
]
