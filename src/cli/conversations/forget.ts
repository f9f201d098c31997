import { z } from 'zod'
import { clientOptions, openClient } from '../client-command.ts'
import { UsageError } from '../command-error.ts'
import { defineCommand } from '../command-line/index.ts'
import { forEachId } from '../each.ts'
import { harmlessLine } from '../harmless.ts'

const forgottenSchema = z.looseObject({ session_id: z.string(), deleted: z.literal(true) })

export const forget = defineCommand({
  name: 'conversations forget',
  summary: 'Remove conversations',
  positionals: '[--] ID…',
  description:
    'Remove conversations. Exit with 1 when a conversation could not be found or removed. Put -- before ids that start with a dash.',
  options: clientOptions('an array'),
  examples: ['vivavoce conversations forget kitchen hall'],
  async run({ values, positionals }, world) {
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
})
