import { COMMON_USAGE, openClient, parseWords, type ClientCommand } from '../client-command.ts'
import { UsageError } from '../command-error.ts'
import { forEachId } from '../each.ts'
import { harmlessLine } from '../harmless.ts'
import { jobPath, jobSchema } from './job.ts'

const USAGE = `usage: vivavoce jobs cancel [options] ID…

Ends jobs, and tells the state of each then: one that was over stays as it was. Exits with 1 when one could not be found
or ended.

${COMMON_USAGE}
                       (an array of jobs)
`

export const cancel: ClientCommand = {
  usage: USAGE,
  async run(args, world) {
    const { values, positionals } = parseWords(args, {})
    if (positionals.length === 0) throw new UsageError('at least one id of a job is expected')
    const { client } = openClient(values, world)
    return await forEachId(
      positionals,
      async (id) => await client.ask(jobSchema, jobPath(id), { method: 'DELETE', signal: world.signal }),
      {
        field: 'job_id',
        json: values.json === true,
        line: ({ job_id: id, status }) => harmlessLine(`${id}: ${status}`),
      },
      world,
    )
  },
}
