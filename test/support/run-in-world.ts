import { performStep } from '../../src/cli/command.ts'
import {
  hasFlag,
  parseArguments,
  resolveStep,
  type Command,
  type CommandGroup,
} from '../../src/cli/command-line/index.ts'
import type { World } from '../../src/cli/world.ts'

/** A command or group with these arguments, to its exit code. */
export const runInWorld = (entry: Command | CommandGroup, args: readonly string[], world: World): Promise<number> =>
  performStep(resolveStep(entry, args), world, { json: hasFlag(args, '--json') })

/** The command itself, whose failures are thrown. */
export const runBare = (command: Command, args: readonly string[], world: World): Promise<number> =>
  command.run(parseArguments(command, args), world)
