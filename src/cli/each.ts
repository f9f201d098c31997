import { isAbortOf } from '../lib/index.ts'
import { writeJson } from './client-command.ts'
import { CommandError } from './command-error.ts'
import { reportFailure } from './report-failure.ts'
import type { World } from './world.ts'

interface EachOptions<Done> {
  /** What an id is called in JSON. */
  readonly field: string
  readonly json: boolean
  /** One line. */
  line(done: Done): string
}

/** Does the same for each id, also after one that failed; resolves to 0 when none did. What succeeded is told on stdout. */
export async function forEachId<Done>(
  ids: readonly string[],
  act: (id: string) => Promise<Done>,
  { field, json, line }: EachOptions<Done>,
  world: World,
): Promise<number> {
  const done: Done[] = []
  let exitCode = 0
  for (const id of ids) {
    try {
      const one = await act(id)
      done.push(one)
      if (!json) world.stdout.write(`${line(one)}\n`)
    } catch (error) {
      if (isAbortOf(error, world.signal) || !(error instanceof CommandError)) throw error
      exitCode = 1
      reportFailure(json ? error.with('', { [field]: id }) : new CommandError(`${id}: ${error.message}`), world, {
        json,
      })
    }
  }
  if (json) writeJson(world, done)
  return exitCode
}
