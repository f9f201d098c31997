/** One agent file: YAML front matter between two lines of `---`, then the persona. The format of Claude's own agents. */
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import type { Agent } from '../core/index.ts'

/** `line` counts from 1. */
export interface AgentProblem {
  readonly line: number
  readonly problem: string
}

export type ParsedAgent =
  | { readonly ok: true; readonly agent: Agent }
  | { readonly ok: false; readonly problems: readonly AgentProblem[] }

/** `Read, Bash(git log:*), Grep` → its rules; a comma inside parentheses does not part them. */
export const splitToolRules = (text: string): readonly string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')

const toolRule = z
  .string()
  .regex(/^[A-Za-z][\w-]*(\([^()]+\))?$/, 'a tool is a name, or a name with a rule in parentheses: `Read` or `Bash(git log:*)`')

const frontMatter = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a name is 1 to 64 small letters, digits and dashes'),
  description: z.string().trim().min(1, 'a description must not be empty'),
  tools: z
    .union([z.string().transform(splitToolRules), z.array(z.string()), z.null().transform((): readonly string[] => [])])
    .default([])
    .pipe(z.array(toolRule)),
  model: z.string().min(1).optional(),
  color: z.string().optional(),
})

/** Parses the text of an agent file. Absent `tools` grant none. */
export function parseAgent(text: string): ParsedAgent {
  const match = /^\uFEFF?---[ \t]*\r?\n(?<yaml>[\s\S]*?)^---[ \t]*(?:\r?\n|$)(?<prompt>[\s\S]*)$/m.exec(text)
  if (match?.groups === undefined || match.index !== 0) {
    return { ok: false, problems: [{ line: 1, problem: 'an agent file begins with front matter between two lines of ---' }] }
  }
  const { yaml = '', prompt = '' } = match.groups
  const lines = new LineCounter()
  const document = parseDocument(yaml, { lineCounter: lines })
  // The front matter begins on the second line of the file.
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 2 : lines.linePos(offset).line + 1)
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => ({ line: lineAt(error.pos[0]), problem: error.message.split('\n')[0] ?? error.message })),
    }
  }
  const fields = frontMatter.safeParse(document.toJS() ?? {})
  if (!fields.success) {
    const lineOf = (key: PropertyKey | undefined): number => {
      const contents: unknown = document.contents
      if (!(contents !== null && typeof contents === 'object' && 'items' in contents && Array.isArray(contents.items))) return 2
      for (const item of contents.items as readonly { key?: { value?: unknown; range?: readonly number[] } }[]) {
        if (item.key?.value === key) return lineAt(item.key?.range?.[0])
      }
      return 2
    }
    return {
      ok: false,
      problems: fields.error.issues.map((issue) => {
        const key = issue.code === 'unrecognized_keys' ? issue.keys[0] : issue.path[0]
        return { line: lineOf(key), problem: `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}` }
      }),
    }
  }
  const { name, description, tools, model } = fields.data
  if (prompt.trim() === '') {
    return { ok: false, problems: [{ line: text.split('\n').length, problem: 'the persona (the text below the front matter) is empty' }] }
  }
  return {
    ok: true,
    agent: { name, description, prompt: prompt.trim(), tools, ...(model === undefined || model === 'inherit' ? {} : { model }) },
  }
}
