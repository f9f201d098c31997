import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
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

/**
 * The agents of a directory's `*.md` files, by name.
 * @throws AgentFilesError with every problem of every file, also when the directory cannot be read or holds no agent.
 */
export async function loadAgents(directory: string): Promise<readonly Agent[]> {
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
