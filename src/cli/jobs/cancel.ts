import { clientOptions, openClient } from '../client-command.ts'
import { UsageError } from '../command-error.ts'
import { defineCommand } from '../command-line/index.ts'
import { forEachId } from '../each.ts'
import { harmlessLine } from '../harmless.ts'
import { jobPath, jobSchema } from './job.ts'

export const cancel = defineCommand({
  name: 'jobs cancel',
  summary: 'Cancel jobs',
  positionals: 'ID…',
  description:
    'Cancel jobs and print the state of each. A finished job stays as it was. Exit with 1 when a job could not be found or cancelled.',
  options: clientOptions('an array of jobs'),
  examples: ['vivavoce jobs cancel JOB_ID', 'vivavoce jobs cancel JOB_ID OTHER_ID --json'],
  async run({ values, positionals }, world) {
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
})
