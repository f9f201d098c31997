import { parseArgs } from 'node:util'
import { didYouMean } from '../../lib/index.ts'
import { UsageError } from '../command-error.ts'
import type { Arguments, Command } from './command.ts'

/** Whether a flag is there, also when the rest cannot be parsed. */
export function hasFlag(args: readonly string[], ...names: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).some((arg) => names.includes(arg))
}

function unknownOption({ options, refusedOptions = {} }: Command, rawName: string): UsageError {
  const name = rawName.slice(2)
  const refused = Object.hasOwn(refusedOptions, name) ? refusedOptions[name] : undefined
  if (refused !== undefined) return new UsageError(`\`${rawName}\` is not an option: ${refused}`)
  const names = [...Object.keys(options), 'help']
  return new UsageError(`unknown option \`${rawName}\`.${didYouMean(name, names, '--')}`)
}

/** The arguments of a command. @throws UsageError */
export function parseArguments(command: Command, args: readonly string[]): Arguments {
  const config = { args: [...args], options: command.options, allowPositionals: true } as const
  const known = (name: string): boolean => Object.hasOwn(command.options, name)
  for (const token of parseArgs({ ...config, strict: false, tokens: true }).tokens)
    if (token.kind === 'option' && !known(token.name)) throw unknownOption(command, token.rawName)
  const parsed = parse(config)
  for (const [name, value] of Object.entries(parsed.values))
    if (value === '') throw new UsageError(`--${name}: a value is expected.`)
  const [first] = parsed.positionals
  if (command.positionals === undefined && first !== undefined)
    throw new UsageError(`unexpected argument \`${first}\`.`)
  return parsed
}

function parse(config: Parameters<typeof parseArgs>[0]): Arguments {
  try {
    return parseArgs(config) as Arguments
  } catch (error) {
    // parseArgs throws a TypeError for a value that is missing, or that a flag does not take.
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(error.message)
  }
}
