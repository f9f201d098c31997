import type { CommandGroup } from '../command-line/index.ts'
import { cancel } from './cancel.ts'
import { follow } from './follow.ts'
import { list } from './list.ts'
import { submit } from './submit.ts'

export const jobs: CommandGroup = {
  name: 'jobs',
  summary: 'Submit, list, follow and cancel background runs',
  description: 'Submit, list, follow and cancel background runs on a running server.',
  commands: [submit, list, follow, cancel],
}
