import { isTalker, toolName, type Agent } from './agent.ts'

/** Keeps what the tools of a doer start away from everything but its workspace. */
export interface Sandbox {
  /** @throws GatewayError `sandbox_unavailable`. */
  enter(options: SandboxedRun): Promise<Confinement>
}

export interface SandboxedRun {
  /** The workspace. */
  readonly directory: string
  /** The run's own directory for temporary files, below that of all; its programs see an empty one. */
  readonly temporaryDirectory: string
  /** Whether its programs reach the network. */
  readonly network: boolean
}

/** Held as long as the run lasts. */
export interface Confinement extends AsyncDisposable {
  /** Variables by which the CLI starts its programs in the sandbox; they go before others of the same name. */
  readonly env: Readonly<Record<string, string>>
}

/** Tools of the CLI that start no program of the model’s choosing and change no file. */
const HARMLESS: readonly string[] = ['Read', 'Grep', 'Glob', 'LS', 'NotebookRead', 'WebSearch', 'WebFetch', 'TodoWrite']

/** Whether an agent is too much for a machine without a sandbox: a tool that is not known to be harmless counts as one that is not. */
export const needsSandbox = (agent: Agent): boolean =>
  !isTalker(agent) && agent.tools.some((rule) => !HARMLESS.includes(toolName(rule)))

/** Tools of the CLI that look at files or write them themselves, outside of the sandbox. */
const FILE_TOOLS: readonly string[] = [
  'Read',
  'Grep',
  'Glob',
  'LS',
  'NotebookRead',
  'Edit',
  'MultiEdit',
  'Write',
  'NotebookEdit',
]

/**
 * Whether programs of an agent could exchange a file for a link while one of its file tools is about to open it: it has such
 * a tool, and one that is not known to start no program.
 */
export const mayExchangeFiles = ({ tools }: Agent): boolean => {
  const names = tools.map(toolName)
  return (
    names.some((name) => FILE_TOOLS.includes(name)) &&
    names.some((name) => !FILE_TOOLS.includes(name) && !HARMLESS.includes(name))
  )
}
