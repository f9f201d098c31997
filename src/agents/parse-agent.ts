/** One agent file: YAML front matter between two lines of `---`, then the persona. The format of Claude's own agents. */
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import { z } from 'zod'
import { isBranchName, type Agent } from '../core/index.ts'

/** `line` counts from 1. */
export interface AgentProblem {
  readonly line: number
  readonly problem: string
}

export type ParsedAgent =
  /** `nameLine` is where the name stands. */
  | { readonly ok: true; readonly agent: Agent; readonly nameLine: number }
  | { readonly ok: false; readonly problems: readonly AgentProblem[] }

/** `Read, Bash(git log:*), Grep` → its rules; a comma inside parentheses does not part them. */
export const splitToolRules = (text: string): readonly string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')

/** It is an argument of the CLI, and Linux takes none of more than 128 KiB. */
const MAX_PERSONA_BYTES = 100_000

const TOOLS = 'tools are names with commas between, or a list of names'

const toolRule = z
  .string(TOOLS)
  .regex(
    /^[A-Za-z][\w-]*(\([^()]+\))?$/,
    'a tool is a name, or a name with a rule in parentheses: `Read` or `Bash(git log:*)`',
  )

const frontMatter = z.strictObject({
  name: z
    .string('a name is expected')
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a name is 1 to 64 small letters, digits and dashes'),
  description: z.string('a description is expected').trim().min(1, 'a description must not be empty'),
  tools: z
    .preprocess(
      (tools) => (typeof tools === 'string' ? splitToolRules(tools) : (tools ?? [])),
      z.array(toolRule, TOOLS),
    )
    .default([]),
  model: z.string('a model is expected').min(1, 'a model must not be empty').optional(),
  repository: z
    .string('a repository is expected')
    .regex(/^[^-\p{Cc}][^\p{Cc}]*$/u, 'a repository is a path or an address, and does not begin with a dash')
    .optional(),
  branch: z
    .string('the name of a branch is expected')
    .refine(isBranchName, 'the name of a branch is expected')
    .optional(),
  network: z.boolean('true or false is expected').optional(),
  color: z.string('a color is expected').optional(),
})

const refused = (...problems: readonly AgentProblem[]): ParsedAgent => ({ ok: false, problems })

/** The offset at which a key of the front matter stands. */
function offsetOf(document: Document, key: PropertyKey | undefined): number | undefined {
  if (!isMap(document.contents)) return undefined
  const found = document.contents.items.find((item) => isScalar(item.key) && item.key.value === key)
  return isScalar(found?.key) ? found.key.range?.[0] : undefined
}

/** Parses the text of an agent file. Absent `tools` grant none. */
export function parseAgent(text: string): ParsedAgent {
  const match = /^\uFEFF?---[ \t]*\r?\n(?<yaml>[\s\S]*?)^---[ \t]*(?:\r?\n|$)(?<prompt>[\s\S]*)$/m.exec(text)
  if (match?.groups === undefined || match.index !== 0) {
    return refused({ line: 1, problem: 'an agent file begins with front matter between two lines of ---' })
  }
  const { yaml = '', prompt = '' } = match.groups
  const lines = new LineCounter()
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false })
  // The front matter begins on the second line of the file.
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 2 : lines.linePos(offset).line + 1)
  if (document.errors.length > 0) {
    return refused(...document.errors.map(({ message, pos }) => ({ line: lineAt(pos[0]), problem: message })))
  }
  let values: unknown
  try {
    values = document.toJS() ?? {}
  } catch (error) {
    // An alias that leads nowhere is found only when it is followed: `*bold*` is one to YAML.
    const at = yaml.search(/(?<=:\s+)\*/)
    return refused({
      line: lineAt(at < 0 ? undefined : at),
      problem: `${error instanceof Error ? error.message : String(error)}; put the value in quotes`,
    })
  }
  const fields = frontMatter.safeParse(values)
  if (!fields.success) {
    const problems = fields.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({
            line: lineAt(offsetOf(document, key)),
            problem: `${key}: there is no such field`,
          }))
        : [{ line: lineAt(offsetOf(document, issue.path[0])), problem: `${issue.path.join('.')}: ${issue.message}` }],
    )
    return refused(...problems)
  }
  const { name, description, tools, model, repository, branch, network } = fields.data
  if (prompt.trim() === '') {
    return refused({
      line: text.split('\n').length,
      problem: 'the persona (the text below the front matter) is empty',
    })
  }
  if (Buffer.byteLength(prompt) > MAX_PERSONA_BYTES) {
    return refused({ line: lineAt(yaml.length) + 1, problem: `the persona is longer than ${MAX_PERSONA_BYTES} bytes` })
  }
  const preferred = model === undefined || model === 'inherit' ? {} : { model }
  return {
    ok: true,
    agent: {
      name,
      description,
      prompt: prompt.trim(),
      tools,
      ...preferred,
      ...(repository === undefined ? {} : { repository }),
      ...(branch === undefined ? {} : { branch }),
      ...(network === true ? { network } : {}),
    },
    nameLine: lineAt(offsetOf(document, 'name')),
  }
}
