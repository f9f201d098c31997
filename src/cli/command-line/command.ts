/** A command as data: its help, its reference page and its arguments are all read from the same table. */
import type { World } from '../world.ts'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** The name of its value in the help, such as `PORT`. */
  readonly value?: string
  /** An imperative without a full stop. Without it the help names the option at its end and nothing more. */
  readonly help?: string
  /** The value that counts without the option, for the help. */
  readonly fallback?: string
}

export type Options = Readonly<Record<string, Option>>

type ValueOf<Type extends Option['type']> = Type extends 'boolean' ? boolean : string

export type Values<Given extends Options> = {
  readonly [Name in keyof Given]?: ValueOf<Given[Name]['type']> | undefined
}

export interface Arguments<Given extends Options = Options> {
  readonly values: Values<Given>
  readonly positionals: readonly string[]
}

export interface Command {
  /** All words: `jobs list`. */
  readonly name: string
  /** One imperative for the list of commands. */
  readonly summary: string
  /** The arguments besides the options, such as `ID…`. Without it none are taken. */
  readonly positionals?: string
  readonly description: string
  readonly options: Options
  /** A paragraph below the options. */
  readonly notes?: string
  /** Names that are refused for a reason worth reading. */
  readonly refusedOptions?: Readonly<Record<string, string>>
  readonly examples: readonly string[]
  /** The command handles SIGINT and SIGTERM itself. */
  readonly ownsSignals?: true
  /** The command goes on when nobody reads what it prints, and that is no failure. */
  readonly outlivesReaders?: true
  /** Resolves to the exit code of the program. */
  run(given: Arguments, world: World): Promise<number>
}

export interface CommandGroup {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly commands: readonly (Command | CommandGroup)[]
}

/** Checks `run` against the options of the command. What parsed an argument list fits them. */
export const defineCommand = <const Given extends Options>(
  command: Omit<Command, 'options' | 'run'> & {
    readonly options: Given
    run(given: Arguments<Given>, world: World): Promise<number>
  },
): Command => command

export const isGroup = (entry: Command | CommandGroup): entry is CommandGroup => 'commands' in entry
