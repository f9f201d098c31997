import { runGroup } from '../client-command.ts'
import { openWorld } from '../world.ts'
import { cancel } from './cancel.ts'
import { follow } from './follow.ts'
import { list } from './list.ts'
import { submit } from './submit.ts'

const USAGE = `usage: vivavoce jobs <command>

  submit [options] [PROMPT…]   give an agent work to do in the background
  list [options]               the jobs, the newest first
  follow [options] ID          what a job does, as it happens
  cancel [options] ID…         end jobs

\`vivavoce jobs <command> --help\` tells the options.
`

export async function runJobs(args: readonly string[]): Promise<number> {
  using world = openWorld()
  const commands = new Map(Object.entries({ submit, list, follow, cancel }))
  return await runGroup({ usage: USAGE, commands }, args, world)
}
