import { runGroup } from '../client-command.ts'
import { openWorld } from '../world.ts'
import { forget } from './forget.ts'
import { list } from './list.ts'
import { show } from './show.ts'

const USAGE = `usage: vivavoce conversations <command>

  list [options]          the conversations that the server keeps, the newest turn first
  show [options] ID       one of them, word for word
  forget [options] ID…    remove them

\`vivavoce conversations <command> --help\` tells the options.
`

export async function runConversations(args: readonly string[]): Promise<number> {
  using world = openWorld()
  const commands = new Map(Object.entries({ list, show, forget }))
  return await runGroup({ usage: USAGE, commands }, args, world)
}
