import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Agent } from '../core/index.ts'
import { parseAgent } from './parse-agent.ts'

/** Every agent file that is broken, a line each: `conversational.md:3: name: …`. */
export class AgentFilesError extends Error {
  override readonly name = 'AgentFilesError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`broken agent files:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/** The directory of the agents that come with the product. */
export const builtInAgents = fileURLToPath(new URL('../../agents/', import.meta.url))

export interface AgentSource {
  /** Without one the built-in agents are used. */
  readonly directory: string | undefined
  /** Names that come from the built-in agents when the directory lacks them. */
  readonly needed: readonly string[]
}

/**
 * The agents on offer.
 * @throws AgentFilesError with every problem of every file, also when the directory cannot be read or holds no agent.
 */
export async function loadAgents({ directory, needed }: AgentSource): Promise<readonly Agent[]> {
  const own = await loadDirectory(directory ?? builtInAgents)
  const missing = needed.filter((name) => !own.some((agent) => agent.name === name))
  if (directory === undefined || missing.length === 0) return own
  const builtIn = await loadDirectory(builtInAgents)
  return [...own, ...builtIn.filter(({ name }) => missing.includes(name))]
}

/** The agents of a directory's `*.md` files, by name. @throws AgentFilesError */
async function loadDirectory(directory: string): Promise<readonly Agent[]> {
  const files = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new AgentFilesError([`${directory}: the directory cannot be read (${String(cause)})`])
  })
  const problems: string[] = []
  const agents = new Map<string, Agent>()
  for (const file of files
    .filter((entry) => entry.name.endsWith('.md') && !entry.isDirectory())
    .map(({ name }) => name)
    .toSorted()) {
    const parsed = parseAgent(await readFile(join(directory, file), 'utf8'))
    if (!parsed.ok) problems.push(...parsed.problems.map(({ line, problem }) => `${file}:${line}: ${problem}`))
    else if (agents.has(parsed.agent.name))
      problems.push(`${file}:${parsed.nameLine}: name: another file defines the agent ${parsed.agent.name} too`)
    else agents.set(parsed.agent.name, parsed.agent)
  }
  if (problems.length === 0 && agents.size === 0) problems.push(`${directory}: it holds no agent (*.md)`)
  if (problems.length > 0) throw new AgentFilesError(problems)
  return [...agents.values()]
}
