/** `npm run crash -- --kills 60 --seed 1`: the campaign on PGlite, then on PostgreSQL. Exits with 1 when anything was lost. */
import { parseArgs } from 'node:util'
import { startPostgres } from '../support/postgres-server.ts'
import { runCampaign, summaryLines } from './campaign.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    home: { type: 'string', default: 'both' },
  },
})
const options = {
  kills: Number(values.kills),
  seed: Number(values.seed),
  progress: (line: string) => console.log(line),
}

async function campaign(home: string, databaseUrl?: string): Promise<void> {
  console.log(`\n${home}`)
  const summary = await runCampaign({ ...options, ...(databaseUrl === undefined ? {} : { databaseUrl }) })
  for (const line of summaryLines(summary)) console.log(line)
  if (summary.losses.length > 0) process.exitCode = 1
}

if (values.home !== 'postgres') await campaign('PGlite, one gateway')
if (values.home !== 'pglite') {
  const server = await startPostgres()
  try {
    await campaign('PostgreSQL, two gateways', server.url)
  } finally {
    await server.stop()
  }
}
