import type { Agent } from './agent.ts'

/** A foreign name, `*` standing for any text, and the model or `agent/model` that it leads to. */
export interface Alias {
  readonly pattern: string
  readonly target: string
}

/** What callers may name, and which agent serves a request that names none. */
export interface Offer {
  readonly catalogue: Catalogue
  /** Serves chat; it has no tools. */
  readonly chatAgent: Agent
  /** Serves chat that is not streamed: the chat agent, unless the operator has asked for a tool agent. */
  readonly unstreamedAgent: Agent
  readonly jobAgent: Agent
}

/** What callers may name in `model`. */
export interface Catalogue {
  /** Model names as the CLI takes them. */
  readonly models: readonly string[]
  readonly defaultModel: string
  /** In the order in which they are tried. */
  readonly aliases: readonly Alias[]
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

/** Routers put these before a model's name. */
const PROVIDER = /^(openai|anthropic)\//i

const matches = (pattern: string, name: string): boolean => {
  const parts = pattern.toLowerCase().split('*')
  const escaped = parts.map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${escaped.join('.*')}$`, 's').test(name.toLowerCase())
}

/** The first alias that fits the name, or the name without its provider. */
const aliasOf = ({ aliases }: Catalogue, name: string): string | undefined => {
  const bare = name.replace(PROVIDER, '')
  return aliases.find(({ pattern }) => matches(pattern, name) || (bare !== name && matches(pattern, bare)))?.target
}

/** The one that is named, as it stands or in another case. */
const named = <T>(things: readonly T[], nameOf: (thing: T) => string, name: string): T | undefined =>
  things.find((thing) => nameOf(thing) === name) ??
  things.find((thing) => nameOf(thing).toLowerCase() === name.toLowerCase())

const modelNamed = ({ models }: Catalogue, name: string): string | undefined =>
  named(models, (model) => model, name) ?? named(models, (model) => model, name.replace(PROVIDER, ''))

/** A name as it stands: a model, or `agent/model` whose model may be an alias. */
function chooseDirectly(catalogue: Catalogue, name: string, defaultAgent: Agent): Choice | undefined {
  const plain = named(catalogue.models, (model) => model, name)
  if (plain !== undefined) return { id: plain, agent: defaultAgent, model: plain }
  const slash = name.indexOf('/')
  const agent = slash < 0 ? undefined : named(catalogue.agents, (each) => each.name, name.slice(0, slash))
  if (agent === undefined) return undefined
  const rest = name.slice(slash + 1)
  const model = modelNamed(catalogue, rest) ?? modelNamed(catalogue, aliasOf(catalogue, rest) ?? '')
  return model === undefined ? undefined : { id: `${agent.name}/${model}`, agent, model }
}

/**
 * The agent and model behind a name: a model, `agent/model`, or an alias of either, in any case and behind `openai/` or
 * `anthropic/`; no name takes the defaults. `undefined` when there is no such thing. A name on offer goes before an alias;
 * an alias does not lead to another.
 */
export function chooseModel(catalogue: Catalogue, name: string | undefined, defaultAgent: Agent): Choice | undefined {
  const wanted = name ?? defaultAgent.model ?? catalogue.defaultModel
  if (wanted.length > MAX_NAME_CHARACTERS) return undefined
  const direct =
    chooseDirectly(catalogue, wanted, defaultAgent) ??
    chooseDirectly(catalogue, wanted.replace(PROVIDER, ''), defaultAgent)
  if (direct !== undefined) return direct
  const target = aliasOf(catalogue, wanted)
  return target === undefined ? undefined : chooseDirectly(catalogue, target, defaultAgent)
}

/** Every name on offer, the plain models first. */
export const modelIds = ({ models, agents }: Catalogue): readonly string[] => [
  ...models,
  ...agents.flatMap((agent) => models.map((model) => `${agent.name}/${model}`)),
]

/** The aliases that are names and not patterns. */
export const aliasIds = (catalogue: Catalogue): readonly string[] => {
  const ids = new Set(modelIds(catalogue))
  return [...new Set(catalogue.aliases.map(({ pattern }) => pattern))].filter(
    (pattern) => !pattern.includes('*') && !ids.has(pattern),
  )
}
