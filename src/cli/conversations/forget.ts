import { z } from 'zod'
import { COMMON_USAGE, openClient, parseWords, type ClientCommand } from '../client-command.ts'
import { UsageError } from '../command-error.ts'
import { forEachId } from '../each.ts'
import { harmlessLine } from '../harmless.ts'

const USAGE = `usage: vivavoce conversations forget [options] [--] ID…

Removes conversations. Exits with 1 when one could not be found or removed. -- goes before ids that begin with a dash.

${COMMON_USAGE}
                       (an array)
`

const forgottenSchema = z.looseObject({ session_id: z.string(), deleted: z.literal(true) })

export const forget: ClientCommand = {
  usage: USAGE,
  async run(args, world) {
    const { values, positionals } = parseWords(args, {})
    if (positionals.length === 0) throw new UsageError('at least one id of a conversation is expected')
    if (positionals.includes('')) throw new UsageError('the id of a conversation is not empty')
    const { client } = openClient(values, world)
    return await forEachId(
      positionals,
      // Not every id can stand in a path.
      async (id) =>
        await client.ask(forgottenSchema, '/v1/conversational', {
          method: 'DELETE',
          query: { session_id: id },
          signal: world.signal,
        }),
      {
        field: 'session_id',
        json: values.json === true,
        line: ({ session_id: id }) => harmlessLine(`${id}: forgotten`),
      },
      world,
    )
  },
}
