/** The file that `VIVAVOCE_CONFIG` names: `NAME=value` lines, as `node --env-file` reads them. */
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { didYouMean } from '../lib/index.ts'
import { isLoginName } from './cli-environment.ts'
import { settingNames } from './settings.ts'

export interface FileEntry {
  readonly value: string
  readonly line: number
}

export interface ConfigFile {
  readonly path: string
  readonly entries: ReadonlyMap<string, FileEntry>
}

/** An entry of the file, with the lines that a quoted value takes. */
interface RawEntry {
  readonly line: number
  readonly text: string
}

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*/
/** What YAML, an ini file or a shell that sets would write. */
const OTHER_FORM = /^\s*(?:set\s+|-\s+)?["']?([A-Z][A-Z0-9_]*)["']?\s*[:\s]/

const readText = (path: string): string =>
  // A byte order mark is left out; what is not UTF-8 is an error, not a wrong value.
  new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))

/** Lines that belong together: a quoted value may go on over several. */
function* rawEntries(text: string): Generator<RawEntry> {
  const lines = text.split(/\r\n|\n|\r/)
  for (let at = 0; at < lines.length; at++) {
    const first = lines[at] ?? ''
    if (/^\s*(#|$)/.test(first)) continue
    const start = ASSIGNMENT.exec(first)?.[0]
    const quote = start === undefined ? undefined : /^["'`]/.exec(first.slice(start.length))?.[0]
    const line = at + 1
    if (start === undefined || quote === undefined) {
      yield { line, text: first }
      continue
    }
    const rest = [first.slice(start.length + 1), ...lines.slice(at + 1)]
    const last = rest.findIndex((part) => part.includes(quote))
    yield { line, text: last === -1 ? first : [first, ...lines.slice(at + 1, at + 1 + last)].join('\n') }
    at += Math.max(last, 0)
  }
}

/** The entry, or why it cannot be used. What stands there may be a secret, so no problem repeats a value. */
function readEntry({ text }: RawEntry): { readonly name: string; readonly value: string } | string {
  const [start, name] = ASSIGNMENT.exec(text) ?? []
  if (start === undefined || name === undefined) {
    const meant = OTHER_FORM.exec(text)?.[1]
    return meant === undefined
      ? 'this is not of the form `NAME=value`. Correct the line, or begin it with # to make it a comment'
      : `this is not of the form \`NAME=value\`. Write \`${meant}=…\``
  }
  const written = text.slice(start.length)
  const quote = /^["'`]/.exec(written)?.[0]
  if (quote !== undefined && !written.slice(1).includes(quote)) return `${name}: the ${quote} is not closed`
  if (quote !== undefined && !/^\s*(#|$)/.test(written.slice(written.indexOf(quote, 1) + 1)))
    return `${name}: text follows the closing ${quote}. Quote the whole value`
  if (quote === undefined && /[^\s]#/.test(written))
    return `${name}: an unquoted # begins a comment. Quote the value, or put a space before the comment`
  if (name === 'VIVAVOCE_CONFIG') return 'VIVAVOCE_CONFIG cannot stand in the file that it names'
  if (!settingNames.some((known) => known === name) && !isLoginName(name))
    return `${name} is not a setting.${didYouMean(name, settingNames)}`
  return { name, value: parseEnv(text)[name] ?? '' }
}

/** Reads the file; every problem, with its line, is added to `problems`. */
export function readConfigFile(path: string, problems: string[]): ConfigFile {
  const entries = new Map<string, FileEntry>()
  let text = ''
  try {
    text = readText(path)
  } catch (error) {
    const reason = error instanceof TypeError ? 'it is not UTF-8 text. Save it as UTF-8' : messageOf(error)
    problems.push(`VIVAVOCE_CONFIG: the file ${path} cannot be read: ${reason}`)
  }
  for (const raw of rawEntries(text)) {
    const read = readEntry(raw)
    const problem = typeof read === 'string' ? read : earlier(read.name)
    if (problem !== undefined) problems.push(`${path}:${raw.line}: ${problem}`)
    else if (typeof read !== 'string') entries.set(read.name, { value: read.value, line: raw.line })
  }
  return { path, entries }

  function earlier(name: string): string | undefined {
    const line = entries.get(name)?.line
    return line === undefined ? undefined : `${name} is set on line ${line} already. Remove one of the two`
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
