/**
 * The argument vectors of the three ways in which a process is run once for one turn. Nothing a caller sent is in them:
 * only names, numbers and what the operator wrote in the agent's file. Options: `claude --help`, 2.1.197 to 2.1.330.
 */
import type { Agent, CliSession } from '../../core/index.ts'

interface Run {
  readonly agent: Agent
  readonly model: string
}

const agentsJson = ({ name, description, prompt, tools }: Agent): string =>
  JSON.stringify({ [name]: { description, prompt, tools: tools.map(toolName) } })

/** `Bash(git log:*)` → `Bash`. */
const toolName = (rule: string): string => rule.replace(/\(.*$/s, '')

const common = ({ agent, model }: Run): readonly string[] => [
  '-p',
  '--agents',
  agentsJson(agent),
  '--agent',
  agent.name,
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
]

/** A talker that is told the whole history in one prompt: no tools, nothing kept. */
export const talkerArguments = (run: Run): readonly string[] => [
  ...common(run),
  '--tools',
  '',
  '--no-session-persistence',
]

/** A talker in a session that the CLI keeps: the first turn opens it, later ones resume it where it last held. */
export const sessionArguments = (run: Run & { readonly session: CliSession }): readonly string[] => [
  ...common(run),
  '--tools',
  '',
  ...(run.session.opened ? ['--resume', run.session.uuid] : ['--session-id', run.session.uuid]),
  ...(run.session.resumeAt === undefined ? [] : ['--resume-session-at', run.session.resumeAt]),
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

/** A doer in a workspace: its own tools are allowed, everything else is refused without asking. */
export const doerArguments = (
  run: Run & { readonly directory: string; readonly budgetUsd: number },
): readonly string[] => [
  ...common(run),
  '--no-session-persistence',
  '--tools',
  [...new Set(run.agent.tools.map(toolName))].join(','),
  '--allowedTools',
  ...permissionRules(run.agent.tools, run.directory),
  '--permission-mode',
  'dontAsk',
  '--max-budget-usd',
  String(run.budgetUsd),
]
