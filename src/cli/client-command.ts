/** What the commands that talk to a server have in common: their words, their server, how they tell a failure. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { ConfigError, loadClientSettings, type ClientSettings } from '../config/index.ts'
import { isAbortOf } from '../lib/index.ts'
import { createClient, type Client } from './client.ts'
import { CommandError, UsageError } from './command-error.ts'
import { harmless, harmlessJson } from './harmless.ts'
import type { World } from './world.ts'

export interface ClientCommand {
  readonly usage: string
  /** Resolves to the program's exit code. */
  run(args: readonly string[], world: World): Promise<number>
}

/** Options that each of them takes, for its usage. */
export const COMMON_USAGE = `  --url URL            the server (else VIVAVOCE_URL, else VIVAVOCE_HOST and VIVAVOCE_PORT);
                       its key comes from API_BEARER_TOKEN
  --json               JSON on stdout and nothing else; failures as {"error": …} on stderr`

const COMMON = { url: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

/** @throws UsageError */
export function parseWords<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options: { ...options, ...COMMON }, allowPositionals: true })
  } catch (error) {
    // parseArgs throws a TypeError for words that it does not take.
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(error.message)
  }
}

/** The server that is meant, and how to speak to it. @throws ConfigError */
export function openClient(
  { url }: { readonly url?: string | undefined },
  { environment }: World,
): { readonly client: Client; readonly settings: ClientSettings } {
  const settings = loadClientSettings(url === undefined ? environment : { ...environment, VIVAVOCE_URL: url })
  return { client: createClient(settings), settings }
}

/** Text of others as it may go to this stdout: as it is, unless a terminal would obey it. */
export const forStdout = ({ stdout }: World, text: string): string => (stdout.isTTY === true ? harmless(text) : text)

export const writeJson = ({ stdout }: World, value: unknown): void => void stdout.write(`${harmlessJson(value)}\n`)

/** What can be told in one message; anything else is a defect and thrown on. */
function toCommandError(thrown: unknown, { signal }: World): CommandError {
  const error: unknown = isAbortOf(thrown, signal) ? signal.reason : thrown
  if (error instanceof ConfigError) return new CommandError(error.message, { code: 'configuration' })
  if (error instanceof CommandError) return error
  throw error
}

export function tellFailure(error: CommandError, { stderr }: World, { json }: { readonly json: boolean }): void {
  const { message, code, details } = error
  stderr.write(
    json ? `${harmlessJson({ error: { message, code, ...details } })}\n` : `vivavoce: ${harmless(message)}\n`,
  )
}

/** Whether a flag is there, also where the words cannot be parsed. */
const hasFlag = (args: readonly string[], ...names: readonly string[]): boolean => {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).some((word) => names.includes(word))
}

/** Runs the command of a group that the first word names. */
export async function runGroup(
  { usage, commands }: { readonly usage: string; readonly commands: ReadonlyMap<string, ClientCommand> },
  [name, ...args]: readonly string[],
  world: World,
): Promise<number> {
  const command = name === undefined ? undefined : commands.get(name)
  const words = command === undefined && name !== undefined ? [name, ...args] : args
  const shownUsage = command?.usage ?? usage
  const json = hasFlag(words, '--json')
  const perform = async (): Promise<number> => {
    if (hasFlag(words, '--help', '-h')) {
      world.stdout.write(shownUsage)
      return 0
    }
    if (command !== undefined) return await command.run(args, world)
    throw new UsageError(name === undefined || name.startsWith('-') ? 'which command?' : `there is no command ${name}`)
  }
  try {
    const exitCode = await perform()
    await world.flush()
    world.signal.throwIfAborted()
    return exitCode
  } catch (thrown) {
    const error = toCommandError(thrown, world)
    if (error.code === 'broken_pipe') return error.exitCode
    tellFailure(error, world, { json })
    if (error instanceof UsageError && !json) world.stderr.write(`\n${shownUsage}`)
    return error.exitCode
  }
}
