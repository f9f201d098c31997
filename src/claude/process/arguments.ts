/**
 * The argument vectors of the two kinds of process. Nothing a caller sent is in them: only names, numbers and what the operator wrote in the agent's file. Options: `claude --help`, 2.1.197 to 2.1.330.
 */
import { toolName, type Agent } from '../../core/index.ts'

const common = (model: string): readonly string[] => [
  '-p',
  '--model',
  model,
  '--input-format',
  'stream-json',
  '--output-format',
  'stream-json',
  '--include-partial-messages',
  '--verbose',
  '--setting-sources',
  '',
  '--strict-mcp-config',
  '--no-session-persistence',
]

export interface TalkerOptions {
  readonly model: string
  /** The path of a transcript that it goes on from, as a session of its own. */
  readonly seedPath?: string
}

/** A talker: no tools, nothing kept. Its system prompt comes on stdin. */
export const talkerArguments = ({ model, seedPath }: TalkerOptions): readonly string[] => [
  ...common(model),
  '--tools',
  '',
  ...(seedPath === undefined ? [] : ['--resume', seedPath, '--fork-session']),
]

/** One to which the client's functions can be offered, on stdin too: a turn is over once one is called, since the client runs it; the CLI itself may call nothing. */
export const keptTalkerArguments = (options: TalkerOptions): readonly string[] => [
  ...talkerArguments(options),
  '--max-turns',
  '1',
]

/** File tools are confined to the workspace: a bare `Read` rule opens the whole disk. */
const CONFINED: Readonly<Record<string, 'Read' | 'Edit'>> = {
  Read: 'Read',
  Grep: 'Read',
  Glob: 'Read',
  LS: 'Read',
  NotebookRead: 'Read',
  Edit: 'Edit',
  Write: 'Edit',
  MultiEdit: 'Edit',
  NotebookEdit: 'Edit',
}

/** The permission rules that grant an agent its tools and nothing else, file tools only below `directory`. */
export function permissionRules(tools: readonly string[], directory: string): readonly string[] {
  const rules = tools.map((rule) => {
    const scope = CONFINED[rule]
    // A rule path that begins with two slashes is an absolute one.
    return scope === undefined ? rule : `${scope}(/${directory}/**)`
  })
  return [...new Set(rules)]
}

/**
 * What the CLI lets file tools reach in its own directory whatever the rules grant: other sessions' tasks and teams, the
 * user's memory and plugins. What a run's own session keeps there stays in reach: results too long to be told at once.
 */
const OTHERS = ['tasks/**', 'teams/**', 'plugins/**', 'agent-memory/**', 'CLAUDE.md']

/** The permission rules that keep file tools out of what is others' in the CLI's own directory; these go before all others. */
export const denialRules = (loginDirectories: readonly string[]): readonly string[] =>
  loginDirectories.flatMap((directory) =>
    OTHERS.flatMap((path) => [`Read(/${directory}/${path})`, `Edit(/${directory}/${path})`]),
  )

const agentsJson = ({ name, description, prompt, tools }: Agent): string =>
  JSON.stringify({ [name]: { description, prompt, tools: tools.map(toolName) } })

/** A doer in a workspace: its own tools are allowed, everything else is refused without asking. */
export const doerArguments = ({
  agent,
  model,
  directory,
  loginDirectories,
  budgetUsd,
}: {
  readonly agent: Agent
  readonly model: string
  readonly directory: string
  /** The CLI's own directory, where its login is, by each name that a path may begin with. */
  readonly loginDirectories: readonly string[]
  readonly budgetUsd: number
}): readonly string[] => [
  ...common(model),
  '--agents',
  agentsJson(agent),
  '--agent',
  agent.name,
  '--tools',
  [...new Set(agent.tools.map(toolName))].join(','),
  '--allowedTools',
  ...permissionRules(agent.tools, directory),
  '--disallowedTools',
  ...denialRules(loginDirectories),
  '--permission-mode',
  'dontAsk',
  '--max-budget-usd',
  String(budgetUsd),
]
