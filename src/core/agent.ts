/** Who answers: persona, tools and the model it prefers, as an operator wrote them in `agents/*.md`. */
export interface Agent {
  readonly name: string
  readonly description: string
  /** The persona; it becomes the system prompt. */
  readonly prompt: string
  /** Tool rules in the CLI's words, `Read` or `Bash(git log:*)`. None makes it a talker. */
  readonly tools: readonly string[]
  readonly model?: string
  /** The repository that it works in, and the branch, where they are not those of the settings. */
  readonly repository?: string
  readonly branch?: string
  /** Whether what its tools start may reach the network; absent, it may not. Tools such as `WebFetch` are granted as tools. */
  readonly network?: boolean
}

/** The tool that a rule is about: `Bash(git log:*)` → `Bash`. */
export const toolName = (rule: string): string => rule.replace(/\(.*$/s, '')

/** A talker has no tools: only text comes out of it. Every other agent is a doer and works in a workspace of its own. */
export const isTalker = (agent: Agent): boolean => agent.tools.length === 0
