import { didYouMean } from '../../lib/index.ts'
import { UsageError } from '../command-error.ts'
import { isGroup, type Arguments, type Command, type CommandGroup } from './command.ts'
import { helpOf, usageOf } from './help.ts'
import { hasFlag, parseArguments } from './parse.ts'

/** The step that a command line asks for. */
export type Step =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'refuse'; readonly error: UsageError; readonly hint: string }
  | { readonly kind: 'run'; readonly command: Command; readonly given: Arguments }

const HELP = ['--help', '-h'] as const

const refuse = (problem: string, hint: string): Step => ({ kind: 'refuse', error: new UsageError(problem), hint })

const lastWord = ({ name }: Command | CommandGroup): string => name.split(' ').at(-1) ?? ''

/** The entry that the first words name, and the words behind it. */
export function resolveStep(entry: Command | CommandGroup, args: readonly string[]): Step {
  if (!isGroup(entry)) {
    if (hasFlag(args, ...HELP)) return { kind: 'help', text: helpOf(entry) }
    try {
      return { kind: 'run', command: entry, given: parseArguments(entry, args) }
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      return { kind: 'refuse', error, hint: usageHint(entry) }
    }
  }
  const [first, ...rest] = args
  if (first === 'help') return resolveStep(entry, [...rest, '--help'])
  if (first === undefined || first.startsWith('-')) {
    if (hasFlag(args, ...HELP)) return { kind: 'help', text: helpOf(entry) }
    const problem = first === undefined ? 'no command.' : `unknown option \`${first}\`. Options follow the command.`
    return refuse(problem, helpOf(entry))
  }
  const found = entry.commands.find((command) => lastWord(command) === first)
  if (found !== undefined) return resolveStep(found, rest)
  return refuse(`unknown command \`${first}\`.${didYouMean(first, entry.commands.map(lastWord))}`, helpOf(entry))
}

export const usageHint = (command: Command): string =>
  `${usageOf(command)}Run \`vivavoce ${command.name} --help\` for its options.\n`
