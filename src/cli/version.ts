import { packageVersion } from '../package-version.ts'
import { defineCommand } from './command-line/index.ts'

export const version = defineCommand({
  name: 'version',
  summary: 'Print the version, also as --version or -v',
  description: 'Print the version of vivavoce.',
  options: {},
  examples: ['vivavoce version'],
  async run(_, { stdout }) {
    stdout.write(`${await packageVersion()}\n`)
    return 0
  },
})
