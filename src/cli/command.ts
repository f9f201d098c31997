import { ConfigError } from '../config/index.ts'
import { isAbortOf } from '../lib/index.ts'
import { CommandError, UsageError } from './command-error.ts'
import { hasFlag, resolveStep, usageHint, type Step } from './command-line/index.ts'
import { COMMANDS } from './commands.ts'
import { reportFailure } from './report-failure.ts'
import { openWorld, type World } from './world.ts'

/** A failure that one message explains; anything else is a defect and thrown on. */
function toCommandError(thrown: unknown, { signal }: World): CommandError {
  const error: unknown = isAbortOf(thrown, signal) ? signal.reason : thrown
  if (error instanceof ConfigError) return new CommandError(error.message, { code: 'configuration' })
  if (error instanceof CommandError) return error
  throw error
}

/** Performs one step; resolves to the exit code of the program. */
export async function performStep(
  step: Step,
  world: World,
  { json = false }: { readonly json?: boolean } = {},
): Promise<number> {
  const perform = async (): Promise<number> => {
    if (step.kind === 'refuse') throw step.error
    if (step.kind === 'run') return await step.command.run(step.given, world)
    world.stdout.write(step.text)
    return 0
  }
  try {
    const exitCode = await perform()
    await world.flush()
    if (step.kind !== 'run' || step.command.outlivesReaders !== true) world.signal.throwIfAborted()
    return exitCode
  } catch (thrown) {
    const error = toCommandError(thrown, world)
    if (error.code === 'broken_pipe') return error.exitCode
    reportFailure(error, world, { json })
    const hint = step.kind === 'refuse' ? step.hint : step.kind === 'run' ? usageHint(step.command) : ''
    if (error instanceof UsageError && !json) world.stderr.write(`\n${hint}`)
    return error.exitCode
  }
}

/** Runs the command that the arguments name; resolves to the exit code of the program. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const step = resolveStep(COMMANDS, args[0] === '--version' || args[0] === '-v' ? ['version'] : args)
  using world = openWorld({ signals: step.kind !== 'run' || step.command.ownsSignals !== true })
  return await performStep(step, world, { json: hasFlag(args, '--json') })
}
